import type { Config, Flag } from '../../api/client';
import { linkTo } from '../../app/router';
import { mayEdit } from '../../app/session';
import { isKilled } from '../../model/definition';
import { configs, environments, lastUse } from '../../model/flag-list';
import { toggle } from '../../model/switching';
import { Lock } from '../../parts/lock';
import { Switch } from '../../parts/switch';
import { Time } from '../../parts/time';
import { marksOf } from './marks';

/** One flag, with a switch for each environment. */
export function FlagRow({ flag, index }: { flag: Flag; index: number }) {
  const lifecycle = flag.lifecycle ?? 'active';
  return (
    <tr data-row={index} aria-rowindex={index + 2}>
      <th scope="row">
        <a href={linkTo('flags', flag.key)} class="key">
          {flag.key}
        </a>
        <span class="about" dir="auto">
          {flag.name ?? flag.description ?? ''}
        </span>
      </th>
      <td class="labels">
        {lifecycle !== 'active' && <span class={`chip ${lifecycle}`}>{lifecycle}</span>}
        {marksOf(flag, lastUse.value).map((mark) => (
          <span key={mark} class="chip mark">
            {mark}
          </span>
        ))}
        {flag.tags?.map((tag) => (
          <span key={tag} class="chip" dir="auto">
            {tag}
          </span>
        ))}
      </td>
      <td class="owner" dir="auto">
        {flag.owner}
      </td>
      <td class="used">
        <Used flag={flag.key} />
      </td>
      {environments.value.map(({ key, name, protected: isProtected }) => (
        <td key={key} class="state">
          <span class="where" aria-hidden="true">
            {name || key} {isProtected && <Lock />}
          </span>
          <State flag={flag.key} config={configs.value.get(key)?.get(flag.key)} />
        </td>
      ))}
    </tr>
  );
}

function Used({ flag }: { flag: string }) {
  const hour = lastUse.value?.get(flag);
  return hour ? <Time at={hour} short /> : <span class="muted">–</span>;
}

function State({ flag, config }: { flag: string; config: Config | undefined }) {
  if (!config) return <span class="muted">–</span>;
  return (
    <Switch
      label={`${flag} in ${config.environment}`}
      isOn={config.enabled}
      isKilled={isKilled(config.kill)}
      isDisabled={!mayEdit(config.environment)}
      onToggle={() => void toggle(config)}
    />
  );
}
