interface Props {
  label: string;
  isOn: boolean;
  isKilled?: boolean;
  isDisabled?: boolean;
  onToggle: () => void;
}

/** On, off, or killed: told by place, word and colour. */
export function Switch({ label, isOn, isKilled = false, isDisabled = false, onToggle }: Props) {
  const word = isKilled ? 'Killed' : isOn ? 'On' : 'Off';
  return (
    <button
      type="button"
      role="switch"
      class={`switch ${isKilled ? 'killed' : ''}`}
      aria-checked={isOn}
      aria-label={isKilled ? `${label}, killed` : label}
      disabled={isDisabled}
      onClick={onToggle}
    >
      <span class="track" aria-hidden="true" />
      <span class="word" aria-hidden="true">
        {word}
      </span>
    </button>
  );
}
