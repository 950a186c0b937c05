import type { Condition, Test } from '../../model/definition';
import { useEditing } from './context';
import { FaultAt, FaultText, useFault } from './fault';
import { TestEditor } from './test-editor';

interface Props {
  place: string;
  condition: Condition;
  onChange: (condition: Condition | undefined) => void;
}

type Group = 'all' | 'any';
const newTest: Test = { attr: 'country', op: 'in', values: [] };
const isTest = (it: Condition): it is Test => 'attr' in it && typeof it.attr === 'string';

/** A test, a segment, their negation, or a group of them; groups may stand in groups. */
export function ConditionEditor({ place, condition, onChange }: Props) {
  if ('all' in condition) return <GroupEditor place={place} group="all" items={condition.all} onChange={onChange} />;
  if ('any' in condition) return <GroupEditor place={place} group="any" items={condition.any} onChange={onChange} />;
  const remove = (
    <button type="button" class="quiet" aria-label={`Remove the condition ${place}`} onClick={() => onChange(undefined)}>
      ✕
    </button>
  );
  const inner = 'not' in condition ? condition.not : condition;
  if ('segment' in inner) {
    return (
      <div class="test">
        <SegmentEditor
          place={place}
          segment={inner.segment}
          isNot={'not' in condition}
          onChange={(segment, isNot) => onChange(isNot ? { not: { segment } } : { segment })}
        />
        {remove}
      </div>
    );
  }
  if (isTest(condition)) {
    return (
      <div class="test">
        <TestEditor place={place} test={condition} onChange={onChange} />
        {remove}
      </div>
    );
  }
  return (
    <div class="test">
      <code class="raw">{JSON.stringify(condition)}</code>
      {remove}
      <FaultAt place={place} />
    </div>
  );
}

interface GroupProps {
  place: string;
  group: Group;
  items: Condition[];
  onChange: (condition: Condition | undefined) => void;
}

const made = (group: Group, items: Condition[]): Condition | undefined =>
  items.length === 0 ? undefined : group === 'all' ? { all: items } : { any: items };

function GroupEditor({ place, group, items, onChange }: GroupProps) {
  const { segments } = useEditing();
  const put = (next: Condition[]) => onChange(made(group, next));
  return (
    <div class="group" role="group" aria-label={place}>
      <FaultAt place={place} />
      <select
        aria-label={`How the conditions of ${place} go together`}
        value={group}
        onChange={(event) => onChange(made(event.currentTarget.value as Group, items))}
      >
        <option value="all">all of these hold</option>
        <option value="any">any of these holds</option>
      </select>
      {items.map((item, index) => (
        <ConditionEditor
          key={index}
          place={`${place}.${group}[${index}]`}
          condition={item}
          onChange={(next) => put(next ? items.with(index, next) : items.filter((_, i) => i !== index))}
        />
      ))}
      <div class="actions">
        <button type="button" onClick={() => put([...items, newTest])}>
          + Attribute
        </button>
        {segments.length > 0 && (
          <button type="button" onClick={() => put([...items, { segment: segments[0]! }])}>
            + Segment
          </button>
        )}
        <button type="button" onClick={() => put([...items, group === 'all' ? { any: [newTest] } : { all: [newTest] }])}>
          + Group
        </button>
      </div>
    </div>
  );
}

interface SegmentProps {
  place: string;
  segment: string;
  isNot: boolean;
  onChange: (segment: string, isNot: boolean) => void;
}

function SegmentEditor({ place, segment, isNot, onChange }: SegmentProps) {
  const { segments } = useEditing();
  const known = segments.includes(segment) ? segments : [...segments, segment];
  const fault = useFault(place);
  return (
    <>
      <span class="lead">subject</span>
      <select
        aria-label={`In or not in the segment, ${place}`}
        value={String(isNot)}
        onChange={(event) => onChange(segment, event.currentTarget.value === 'true')}
      >
        <option value="false">is in segment</option>
        <option value="true">is not in segment</option>
      </select>
      <select
        aria-label={`Segment of ${place}`}
        {...fault.field}
        value={segment}
        onChange={(event) => onChange(event.currentTarget.value, isNot)}
      >
        {known.map((key) => (
          <option key={key}>{key}</option>
        ))}
      </select>
      <FaultText of={fault} />
    </>
  );
}

/** What a rule is for: everybody, or whom the condition holds for. */
export function WhenEditor({ place, when, onChange }: { place: string; when: Condition | undefined; onChange: Props['onChange'] }) {
  if (!when) {
    return (
      <p class="actions">
        <span class="muted">For everybody.</span>
        <button type="button" onClick={() => onChange({ all: [newTest] })}>
          + Condition
        </button>
      </p>
    );
  }
  const isGroup = 'all' in when || 'any' in when;
  return (
    <>
      <ConditionEditor place={place} condition={when} onChange={onChange} />
      {!isGroup && (
        <button type="button" onClick={() => onChange({ all: [when, newTest] })}>
          + Condition
        </button>
      )}
    </>
  );
}
