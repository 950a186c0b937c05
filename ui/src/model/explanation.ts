// The answer of the playground, as store and daemon explain it.
import { api, ask } from '../api/client';
import type { Value } from './definition';

export interface Place {
  position: number;
  total: number;
  from: number;
  to: number;
}

export interface Step {
  kind: 'flag' | 'prerequisite' | 'target' | 'rule' | 'default' | 'test' | 'segment' | 'gate' | 'split' | 'jsonlogic';
  depth: number;
  held: boolean;
  name?: string;
  index?: number;
  test?: string;
  found?: string;
  variant?: string;
  place?: Place;
}

export interface Explanation {
  evaluation: { key: string; value?: Value; variant?: string; reason?: string; errorCode?: string; errorDetails?: string };
  steps: Step[];
}

export interface Question {
  flag: string;
  context: Record<string, Value>;
  version?: number;
  draft?: unknown;
}

export async function explain(environment: string, question: Question): Promise<Explanation> {
  const params = { path: { environment } };
  const answer = await ask(api.POST('/api/v1/environments/{environment}/playground', { params, body: question as never }));
  return answer.explanation as unknown as Explanation;
}

const words: Record<Step['kind'], (step: Step) => string> = {
  flag: ({ name, test, variant }) => `Flag ${name}: ${test ?? ''}${variant ? `, serves ${variant}` : ''}`,
  prerequisite: ({ name, held }) => `Prerequisite ${name} ${held ? 'holds' : 'does not hold'}`,
  target: ({ name, held }) => `Targets by ${name}: the subject is ${held ? 'one' : 'none'} of them`,
  rule: ({ name, index = 0, held }) => `Rule ${index + 1}${name ? ` “${name}”` : ''} ${held ? 'serves' : 'does not hold'}`,
  default: () => 'Default: nothing before decided',
  test: ({ name, test, found, held }) => `${name} ${test ?? ''}: ${held ? 'holds' : 'does not hold'}${found ? ` (${found})` : ''}`,
  segment: ({ name, held, test }) => `Segment ${name}: ${held ? 'in' : 'not in'}${test ? ` (${test})` : ''}`,
  gate: ({ held }) => `Gate: ${held ? 'let in' : 'not let in'}`,
  split: ({ variant }) => `Split: ${variant ? `serves ${variant}` : 'finds no subject'}`,
  jsonlogic: ({ variant }) => `JSONLogic: ${variant ? `serves ${variant}` : 'names no variant'}`,
};

export const inWords = (step: Step) => words[step.kind](step);
