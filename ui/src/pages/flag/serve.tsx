import type { Serve } from '../../model/definition';
import { useEditing } from './context';
import { FaultText, useFault } from './fault';
import { SplitEditor } from './split';

interface Props {
  /** As one says it: "rule 2". */
  place: string;
  /** In the document: "rules[1].serve". */
  path: string;
  serve: Serve | undefined;
  onChange: (serve: Serve | undefined) => void;
}

/** The first two variants share, the way a rollout begins. */
function evenSplit(variants: string[]): Serve {
  return { split: { weights: variants.map((variant, index) => ({ variant, weight: index === 0 ? 100 : 0 })) } };
}

function kindOf(serve: Serve | undefined): string {
  if (!serve || serve.codeDefault) return 'codeDefault';
  if (serve.variant !== undefined) return `variant ${serve.variant}`;
  if (serve.split) return 'split';
  return serve.off ? 'off' : 'other';
}

/** What is served: a variant, a split, the off variant, or the caller's default. */
export function ServeEditor({ place, path, serve, onChange }: Props) {
  const { variants } = useEditing();
  const kind = kindOf(serve);
  const fault = useFault(path);

  function choose(next: string) {
    if (next.startsWith('variant ')) onChange({ variant: next.slice(8) });
    else if (next === 'split') onChange(evenSplit(variants));
    else onChange(next === 'off' ? { off: true } : { codeDefault: true });
  }

  return (
    <div class="serve">
      <label>
        <span class="lead">serve</span>
        <select aria-label={`What ${place} serves`} {...fault.field} value={kind} onChange={(event) => choose(event.currentTarget.value)}>
          {variants.map((variant) => (
            <option key={variant} value={`variant ${variant}`}>
              {variant}
            </option>
          ))}
          <option value="split">a percentage rollout</option>
          <option value="off">the off variant</option>
          <option value="codeDefault">the caller’s default</option>
          {kind === 'other' && <option value="other">as the document says</option>}
          {serve?.variant !== undefined && !variants.includes(serve.variant) && <option value={kind}>{serve.variant} (missing)</option>}
        </select>
      </label>
      <FaultText of={fault} />
      {serve?.split && <SplitEditor place={place} path={`${path}.split`} split={serve.split} onChange={(split) => onChange({ split })} />}
    </div>
  );
}
