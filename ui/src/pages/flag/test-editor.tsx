import type { Test } from '../../model/definition';
import { FaultText, useFault } from './fault';
import { ValuesInput } from './values-input';

interface Props {
  place: string;
  test: Test;
  onChange: (test: Test) => void;
}

/** The operators of docs/evaluation.md, as one says them. */
const operators: [string, string][] = [
  ['in', 'is one of'],
  ['startsWith', 'starts with'],
  ['endsWith', 'ends with'],
  ['contains', 'contains'],
  ['regex', 'matches regex'],
  ['eq', '='],
  ['gt', '>'],
  ['ge', '≥'],
  ['lt', '<'],
  ['le', '≤'],
  ['before', 'is before'],
  ['after', 'is after'],
  ['semverEq', 'version ='],
  ['semverGt', 'version >'],
  ['semverGe', 'version ≥'],
  ['semverLt', 'version <'],
  ['semverLe', 'version ≤'],
  ['semverCaret', 'version ^'],
  ['semverTilde', 'version ~'],
  ['cidr', 'is in network'],
  ['type', 'is of type'],
  ['isNull', 'is null'],
  ['exists', 'exists'],
];
const withoutValues = new Set(['isNull', 'exists']);

/** An attribute, an operator and values. */
export function TestEditor({ place, test, onChange }: Props) {
  const whole = useFault(place);
  const attr = useFault(`${place}.attr`);
  const op = useFault(`${place}.op`);
  const values = useFault(`${place}.values`);
  const put = (changes: Partial<Test>) => {
    const next = { ...test, ...changes };
    if (!next.negate) delete next.negate;
    if (withoutValues.has(next.op)) delete next.values;
    else next.values ??= [];
    onChange(next);
  };
  return (
    <>
      <select
        aria-label={`If or if not, ${place}`}
        value={String(!!test.negate)}
        onChange={(event) => put({ negate: event.currentTarget.value === 'true' })}
      >
        <option value="false">if</option>
        <option value="true">if not</option>
      </select>
      <input
        class="attr"
        aria-label={`Attribute of ${place}`}
        {...attr.field}
        list="attributes"
        spellcheck={false}
        value={test.attr as string}
        onInput={(event) => put({ attr: event.currentTarget.value })}
      />
      <select
        aria-label={`Operator of ${place}`}
        {...(op.message ? op : whole).field}
        value={test.op}
        onChange={(event) => put({ op: event.currentTarget.value })}
      >
        {operators.map(([op, words]) => (
          <option key={op} value={op}>
            {words}
          </option>
        ))}
      </select>
      {!withoutValues.has(test.op) && (
        <ValuesInput
          label={`Values of ${place}`}
          values={test.values ?? []}
          fault={values}
          placeholder="values, separated by commas"
          onChange={(values) => put({ values })}
        />
      )}
      {[whole, attr, op, values].map((fault, index) => (
        <FaultText key={index} of={fault} />
      ))}
    </>
  );
}
