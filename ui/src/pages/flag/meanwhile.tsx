import type { Flag } from '../../api/client';
import { difference } from '../../model/difference';
import { settingsOf } from '../../model/settings';
import { Difference } from '../../parts/difference';

interface Props {
  /** What the form was drawn from. */
  base: Flag;
  theirs: Flag;
  onTake: () => void;
}

/** Someone else saved the settings while one changes them: tells what they did, and leaves alone what is typed. */
export function Meanwhile({ base, theirs, onTake }: Props) {
  return (
    <section class="meanwhile" aria-label="What they changed">
      <p role="alert">Someone else saved first. Saving leaves what they changed, except where you changed it, too.</p>
      <Difference found={difference(settingsOf(base), settingsOf(theirs))} />
      <button type="button" onClick={onTake}>
        Take theirs, drop mine
      </button>
    </section>
  );
}
