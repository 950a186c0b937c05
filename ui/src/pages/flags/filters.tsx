import { computed } from '@preact/signals';
import { route, setQuery } from '../../app/router';
import { flags, lastUse, owners, tags } from '../../model/flag-list';
import { marksOf } from './marks';

const filter = (name: string) => computed(() => route.value.query.get(name) ?? '');
const search = filter('q');
const tag = filter('tag');
const owner = filter('owner');
const lifecycle = filter('lifecycle');
const mark = filter('mark');

/** What the search and the filters leave of the flags. */
export const found = computed(() => {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  return flags.value.filter((flag) => {
    if (tag.value && !flag.tags?.includes(tag.value)) return false;
    if (owner.value && flag.owner !== owner.value) return false;
    const now = flag.lifecycle ?? 'active';
    if (lifecycle.value ? lifecycle.value !== 'all' && now !== lifecycle.value : now === 'archived') return false;
    if (mark.value && !marksOf(flag, lastUse.value).includes(mark.value as never)) return false;
    const text = `${flag.key} ${flag.name ?? ''} ${flag.description ?? ''} ${flag.owner ?? ''} ${flag.tags?.join(' ') ?? ''}`;
    const lower = text.toLowerCase();
    return words.every((word) => lower.includes(word));
  });
});

interface ChoiceProps {
  name: string;
  label: string;
  value: string;
  options: [string, string][];
}

function Choice({ name, label, value, options }: ChoiceProps) {
  return (
    <select aria-label={label} value={value} onChange={(event) => setQuery({ [name]: event.currentTarget.value })}>
      {options.map(([option, text]) => (
        <option key={option} value={option}>
          {text}
        </option>
      ))}
    </select>
  );
}

const same = (values: string[]) => values.map((value): [string, string] => [value, value]);

export function Filters({ onDown }: { onDown: () => void }) {
  function onKeyDown(event: KeyboardEvent) {
    if (event.key === 'ArrowDown' || event.key === 'Enter') {
      event.preventDefault();
      onDown();
    } else if (event.key === 'Escape') {
      setQuery({ q: '' });
    }
  }
  return (
    <search class="filters">
      <input
        type="search"
        id="search"
        aria-label="Search flags"
        placeholder="Search flags  ( / )"
        aria-keyshortcuts="/"
        value={search.value}
        spellcheck={false}
        autoComplete="off"
        onInput={(event) => setQuery({ q: event.currentTarget.value })}
        onKeyDown={onKeyDown}
      />
      <Choice name="tag" label="Tag" value={tag.value} options={[['', 'Any tag'], ...same(tags.value)]} />
      <Choice name="owner" label="Owner" value={owner.value} options={[['', 'Any owner'], ...same(owners.value)]} />
      <Choice
        name="lifecycle"
        label="Lifecycle"
        value={lifecycle.value}
        options={[['', 'Not archived'], ...same(['active', 'deprecated', 'archived']), ['all', 'All']]}
      />
      <Choice
        name="mark"
        label="Use"
        value={mark.value}
        options={[['', 'Used or not'], ['stale', 'Stale'], ['never used', 'Never used']]}
      />
    </search>
  );
}
