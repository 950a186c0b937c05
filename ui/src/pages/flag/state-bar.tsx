import { useSignal } from '@preact/signals';
import type { Kill } from '../../model/definition';
import { isKilled } from '../../model/definition';
import { instruct } from '../../model/switching';
import { tellProblem } from '../../parts/notices';
import { askReason } from '../../parts/reason-dialog';
import { Switch } from '../../parts/switch';
import { Time } from '../../parts/time';
import { useEditing } from './context';
import { KillDialog } from './kill-dialog';

/** On, off, killed: what takes effect at once, without a review. */
export function StateBar() {
  const { draft, isReadOnly } = useEditing();
  const isAsking = useSignal(false);
  const config = draft.base.value;
  const killed = isKilled(config.kill);

  async function follow(what: string, instruction: { kind: string }, comment = '') {
    try {
      draft.rebase(await instruct(config, [instruction], comment));
    } catch (problem) {
      tellProblem(what, problem);
    }
  }

  async function ask(what: string, failed: string, instruction: { kind: string }) {
    const comment = await askReason(what, [config.environment]);
    if (comment !== undefined) await follow(failed, instruction, comment);
  }

  return (
    <section class={`state-bar ${killed ? 'killed' : ''}`} aria-label="State">
      <Switch
        label={`${config.flag} in ${config.environment}`}
        isOn={config.enabled}
        isKilled={killed}
        isDisabled={isReadOnly}
        onToggle={() =>
          void ask(`Turn ${config.flag} ${config.enabled ? 'off' : 'on'}`, 'Not switched', { kind: config.enabled ? 'turnOff' : 'turnOn' })
        }
      />
      {killed ? <KillReason kill={config.kill as Kill} /> : <span class="muted">takes effect at once</span>}
      {killed ? (
        <button type="button" disabled={isReadOnly} onClick={() => void ask('Take back the kill', 'Still killed', { kind: 'unkill' })}>
          Take back the kill
        </button>
      ) : (
        <button type="button" class="danger" disabled={isReadOnly} onClick={() => (isAsking.value = true)}>
          Kill…
        </button>
      )}
      {isAsking.value && (
        <KillDialog
          flag={config.flag}
          environment={config.environment}
          onClose={() => (isAsking.value = false)}
          onKill={(kill) => follow('Not killed', { kind: 'kill', ...kill })}
        />
      )}
    </section>
  );
}

function KillReason({ kill }: { kill: Kill }) {
  return (
    <span class="kill-reason">
      <strong>Everybody gets the off variant.</strong> <span dir="auto">{kill.reason}</span>
      {kill.by && <> · {kill.by}</>}
      {kill.at && (
        <>
          {' · '}
          <Time at={kill.at} short />
        </>
      )}
      {kill.expiresAt && (
        <>
          {' · until '}
          <Time at={kill.expiresAt} />
        </>
      )}
    </span>
  );
}
