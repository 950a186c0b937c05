import type { Ramp } from '../../model/definition';
import { timeLine, weightAt } from '../../model/ramp';
import { Time } from '../../parts/time';
import { TypedInput } from '../../parts/typed-input';
import { FaultText, useFault, type FieldFault } from './fault';

interface Props {
  place: string;
  path: string;
  ramp: Ramp;
  total: number;
  variants: string[];
  onChange: (ramp: Ramp | undefined) => void;
}

const percent = (weight: number, total: number) => Number(((weight * 100) / total).toFixed(1));

/** An instant as the browser's field for local time has it. */
function localOf(instant: string | number): string {
  const date = new Date(instant);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** A share that moves from one instant to another, drawn over time. */
export function RampEditor({ place, path, ramp, total, variants, onChange }: Props) {
  const faults = {
    variant: useFault(`${path}.variant`),
    startWeight: useFault(`${path}.startWeight`),
    from: useFault(`${path}.from`),
    endWeight: useFault(`${path}.endWeight`),
    to: useFault(`${path}.to`),
    whole: useFault(path),
  };
  const setTime = (change: (instant: string) => Partial<Ramp>) => (event: { currentTarget: HTMLInputElement }) => {
    const local = event.currentTarget.value;
    if (local) onChange({ ...ramp, ...change(new Date(local).toISOString()) });
  };
  const setShare = (change: (weight: number) => Partial<Ramp>) => (event: { currentTarget: HTMLInputElement }) => {
    const share = Math.min(100, Math.max(0, event.currentTarget.valueAsNumber || 0));
    onChange({ ...ramp, ...change(Math.round((share * total) / 100)) });
  };
  return (
    <fieldset class="ramp">
      <legend>Ramp of {place}</legend>
      <TimeLine ramp={ramp} total={total} />
      <div class="steps-of-ramp">
        <select aria-label={`Variant that ramps in ${place}`} {...faults.variant.field} value={ramp.variant} onChange={(event) => onChange({ ...ramp, variant: event.currentTarget.value })}>
          {variants.map((variant) => (
            <option key={variant}>{variant}</option>
          ))}
        </select>
        <label>
          from <Percent label={`Percent at the start of the ramp in ${place}`} fault={faults.startWeight} value={percent(ramp.startWeight, total)} onChange={setShare((startWeight) => ({ startWeight }))} /> % at{' '}
          <TypedInput type="datetime-local" aria-label={`Start of the ramp in ${place}`} {...faults.from.field} value={localOf(ramp.from)} onChange={setTime((instant) => ({ from: instant }))} />
        </label>
        <label>
          to <Percent label={`Percent at the end of the ramp in ${place}`} fault={faults.endWeight} value={percent(ramp.endWeight, total)} onChange={setShare((endWeight) => ({ endWeight }))} /> % at{' '}
          <TypedInput type="datetime-local" aria-label={`End of the ramp in ${place}`} {...faults.to.field} value={localOf(ramp.to)} onChange={setTime((instant) => ({ to: instant }))} />
        </label>
        <button type="button" class="quiet" aria-label={`Remove the ramp of ${place}`} onClick={() => onChange(undefined)}>
          Remove the ramp
        </button>
      </div>
      {Object.entries(faults).map(([name, fault]) => (
        <FaultText key={name} of={fault} />
      ))}
    </fieldset>
  );
}

interface PercentProps {
  label: string;
  fault: FieldFault;
  value: number;
  onChange: (event: { currentTarget: HTMLInputElement }) => void;
}

function Percent({ label, fault, value, onChange }: PercentProps) {
  return <TypedInput type="number" min={0} max={100} step="any" aria-label={label} {...fault.field} value={value} onChange={onChange} />;
}

/** Wide as the time, high as the share; a line where now is. */
function TimeLine({ ramp, total }: { ramp: Ramp; total: number }) {
  const points = timeLine(ramp);
  const [begin, end] = [points[0]!.at, points.at(-1)!.at];
  if (!(begin < end)) return <p class="error">The ramp ends before it begins.</p>;
  const x = (at: number) => ((at - begin) * 1000) / (end - begin);
  const y = (weight: number) => 60 - (weight * 56) / total;
  const line = points.map(({ at, weight }) => `${x(at)},${y(weight)}`).join(' ');
  const now = Date.now();
  const label =
    `${ramp.variant} goes from ${percent(ramp.startWeight, total)} percent to ${percent(ramp.endWeight, total)} percent; ` +
    `now it has ${percent(weightAt(ramp, now), total)} percent`;
  return (
    <figure class="time-line">
      <svg viewBox="0 0 1000 60" preserveAspectRatio="none" role="img" aria-label={label}>
        <polygon points={`0,60 ${line} 1000,60`} />
        <polyline points={line} />
        {now > begin && now < end && <line x1={x(now)} x2={x(now)} y1={0} y2={60} class="now" />}
      </svg>
      <figcaption class="muted">
        <Time at={new Date(ramp.from).toISOString()} /> to <Time at={new Date(ramp.to).toISOString()} />
      </figcaption>
    </figure>
  );
}
