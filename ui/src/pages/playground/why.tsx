import { inWords, type Explanation, type Place, type Step } from '../../model/explanation';

/** The answer, and every step on the way to it. */
export function Why({ explanation }: { explanation: Explanation }) {
  const { evaluation, steps } = explanation;
  return (
    <section class="card why" aria-label="Answer">
      <p class="answer">
        <code dir="auto">{evaluation.value === undefined ? 'the caller’s default' : JSON.stringify(evaluation.value)}</code>
        {evaluation.variant && (
          <span class="chip" dir="auto">
            {evaluation.variant}
          </span>
        )}
        <span class="muted">{evaluation.errorCode ?? evaluation.reason}</span>
      </p>
      {evaluation.errorDetails && <p class="error">{evaluation.errorDetails}</p>}
      <h2>Why</h2>
      <ol class="steps">
        {steps.map((step, index) => (
          <li key={index} class={`depth-${Math.min(step.depth, 5)}`}>
            <StepLine step={step} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function StepLine({ step }: { step: Step }) {
  return (
    <>
      <span class={step.held ? 'held' : 'muted'} aria-hidden="true">
        {step.held ? '✓' : '✗'}
      </span>{' '}
      <span dir="auto">{inWords(step)}</span>
      {step.place && <Bucket place={step.place} />}
    </>
  );
}

/** Where the subject fell, and the share that it fell into or that a gate lets in. */
function Bucket({ place: { position, total, from, to } }: { place: Place }) {
  const at = (value: number) => (value * 1000) / total;
  const percent = (value: number) => Number(((value * 100) / total).toFixed(2));
  const share = to > from ? `, between ${percent(from)} % and ${percent(to)} %` : '';
  const text = `Place ${position} of ${total}: at ${percent(position)} %${share}`;
  return (
    <figure>
      <svg class="bar" viewBox="0 0 1000 24" preserveAspectRatio="none" role="img" aria-label={text}>
        <rect x={0} y={6} width={1000} height={12} class="tone-1" />
        <rect x={at(from)} y={6} width={at(to - from)} height={12} class="tone-0" />
        <rect x={Math.min(995, at(position))} y={0} width={5} height={24} class="mark" />
      </svg>
      <figcaption class="muted">{text}</figcaption>
    </figure>
  );
}
