import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Flag } from '../../api/client';
import type { Variant } from '../../model/definition';
import type { Draft } from '../../model/draft';

export interface Editing {
  flag: Flag;
  variants: string[];
  segments: string[];
  draft: Draft;
  isReadOnly: boolean;
}

export const EditingContext = createContext<Editing | null>(null);
export const useEditing = () => useContext(EditingContext)!;
export const variantsOf = (flag: Flag) => ((flag.variants ?? []) as unknown as Variant[]).map(({ key }) => key);
