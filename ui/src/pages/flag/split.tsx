import type { Ramp, Serve, Weight } from '../../model/definition';
import { rampUp } from '../../model/ramp';
import { fine, setWeight, totalOf } from '../../model/weights';
import { TypedInput } from '../../parts/typed-input';
import { FaultAt, FaultText, useFault } from './fault';
import { RampEditor } from './ramp';

interface Props {
  place: string;
  path: string;
  split: NonNullable<Serve['split']>;
  onChange: (split: NonNullable<Serve['split']>) => void;
}

const percent = (weight: number, total: number) => Number(((weight * 100) / total).toFixed(3));

/** A slider for each variant; the others make room, so the sum stays what it is. */
export function SplitEditor({ place, path, split, onChange }: Props) {
  const shown = fine(split);
  const { weights, ramp } = shown;
  const total = totalOf(weights);
  const set = (index: number, share: number) => onChange({ ...shown, weights: setWeight(weights, index, (share * total) / 100) });
  function setRamp(next: Ramp | undefined) {
    const { ramp: before, ...rest } = shown;
    void before;
    onChange(next ? { ...rest, ramp: next } : rest);
  }
  return (
    <div class="split">
      <ShareBar weights={weights} total={total} />
      {weights.map((weight, index) => (
        <Share key={index} place={place} path={`${path}.weights[${index}]`} weight={weight} index={index} total={total} onSet={set} />
      ))}
      <FaultAt place={path} />
      {ramp ? (
        <RampEditor place={place} path={`${path}.ramp`} ramp={ramp} total={total} variants={weights.map(({ variant }) => variant)} onChange={setRamp} />
      ) : (
        <p>
          <button type="button" class="quiet" aria-label={`Add a ramp to ${place}`} onClick={() => setRamp(rampUp(weights[0]!.variant, total))}>
            Let a share grow over time…
          </button>
        </p>
      )}
    </div>
  );
}

interface ShareProps {
  place: string;
  path: string;
  weight: Weight;
  index: number;
  total: number;
  onSet: (index: number, share: number) => void;
}

function Share({ place, path, weight: { variant, weight }, index, total, onSet }: ShareProps) {
  const fault = useFault(path);
  return (
    <>
      <div class="share">
        <span class={`dot tone-${index % 6}`} aria-hidden="true" />
        <code dir="auto">{variant}</code>
        <input
          type="range"
          min={0}
          max={100}
          step={100 / total}
          value={percent(weight, total)}
          aria-label={`Share of ${variant} in ${place}`}
          aria-valuetext={`${percent(weight, total)} percent`}
          onInput={(event) => onSet(index, event.currentTarget.valueAsNumber)}
        />
        <TypedInput
          type="number"
          min={0}
          max={100}
          step="any"
          value={percent(weight, total)}
          aria-label={`Percent of ${variant} in ${place}`}
          {...fault.field}
          onChange={(event) => onSet(index, event.currentTarget.valueAsNumber || 0)}
        />
        <span class="muted">%</span>
      </div>
      <FaultText of={fault} />
    </>
  );
}

/** The whole split as one bar; `mark` is a position in it. */
export function ShareBar({ weights, total, mark }: { weights: Weight[]; total: number; mark?: number }) {
  let start = 0;
  return (
    <svg class="bar" viewBox="0 0 1000 24" preserveAspectRatio="none" aria-hidden="true">
      {weights.map(({ weight }, index) => {
        const x = (start * 1000) / total;
        start += weight;
        return <rect key={index} x={x} y={4} width={(weight * 1000) / total} height={16} class={`tone-${index % 6}`} />;
      })}
      {mark !== undefined && <rect x={Math.min(996, (mark * 1000) / total)} y={0} width={4} height={24} class="mark" />}
    </svg>
  );
}
