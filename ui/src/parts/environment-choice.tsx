import { computed } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { route, setQuery } from '../app/router';
import { environments, loadEnvironments } from '../model/flag-list';
import { tellProblem } from './notices';

/** The environment that a page is about, as its address says. */
export const chosenEnvironment = computed(() => route.value.query.get('environment') ?? environments.value[0]?.key ?? '');

export function EnvironmentChoice() {
  useEffect(() => void loadEnvironments().catch((problem) => tellProblem('No environments', problem)), []);
  return (
    <label class="inline">
      Environment
      <select value={chosenEnvironment.value} onChange={(event) => setQuery({ environment: event.currentTarget.value })}>
        {environments.value.map(({ key, name, protected: isProtected }) => (
          <option key={key} value={key}>
            {name || key}
            {isProtected && ' (protected)'}
          </option>
        ))}
      </select>
    </label>
  );
}
