import { Boundary } from '../../parts/boundary';
import { EditingContext, type Editing } from './context';
import { Fallback } from './fallback';
import { Prerequisites } from './prerequisites';
import { RawDocument } from './raw';
import { Rules } from './rules';
import { SaveBar } from './save-bar';
import { StateBar } from './state-bar';
import { Targets } from './targets';

const attributes = ['targetingKey', 'country', 'email', 'plan', 'version', 'ip'];

/** Who gets what in one environment: the form, and the document beside it. */
export function Targeting({ editing }: { editing: Editing }) {
  return (
    <EditingContext.Provider value={editing}>
      <StateBar />
      <div class="beside">
        <fieldset class="form" disabled={editing.isReadOnly}>
          <legend class="unseen">Who gets what</legend>
          <Boundary of={editing.draft.document.value} otherwise={<p class="card error">The form cannot show this document: mend it beside.</p>}>
            <Prerequisites />
            <Targets />
            <Rules />
            <Fallback />
          </Boundary>
        </fieldset>
        <RawDocument />
      </div>
      <SaveBar />
      <datalist id="attributes">
        {attributes.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </EditingContext.Provider>
  );
}
