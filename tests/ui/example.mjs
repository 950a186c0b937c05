// Flags as a team has them, for pictures and for tests that want something to look at.
const boolean = { type: 'boolean', variants: [{ key: 'on', value: true }, { key: 'off', value: false }] };
const flags = [
  { key: 'checkout-v2', ...boolean, name: 'New checkout', owner: 'payments', tags: ['checkout', 'q4'] },
  { key: 'dark-mode', ...boolean, name: 'Dark theme for everybody', owner: 'web', tags: ['ui'] },
  { key: 'fraud-score', ...boolean, description: 'Asks the scoring service before a payment', owner: 'payments', tags: ['ops'] },
  { key: 'legacy-cart', ...boolean, owner: 'web', lifecycle: 'deprecated', expectedRemoval: '2026-03-01T00:00:00Z' },
  { key: 'recommendations', type: 'string', variants: [{ key: 'a', value: 'classic' }, { key: 'b', value: 'learned' }],
    name: 'Ranking of recommendations', owner: 'search', tags: ['experiment', 'ml'] },
];

export async function plantExample(store) {
  for (const flag of flags) await store.api('POST', '/flags', flag);
  await store.api('POST', '/environments', { key: 'staging', name: 'Staging', copyFrom: 'production' });
  await store.api('POST', '/environments', { key: 'dev', name: 'Development', copyFrom: 'production' });
  const turnOn = { instructions: [{ kind: 'turnOn' }] };
  for (const key of ['checkout-v2', 'dark-mode', 'fraud-score']) {
    await store.api('PATCH', `/environments/production/flags/${key}`, turnOn);
    await store.api('PATCH', `/environments/staging/flags/${key}`, turnOn);
  }
  await store.api('PATCH', '/environments/production/flags/fraud-score', {
    comment: 'payments time out', instructions: [{ kind: 'kill', reason: 'p99 of payments at 4 s' }],
  });
  await store.api('PATCH', '/environments/production/flags/dark-mode', { default: { variant: 'on' }, offVariant: 'off' });
  await store.api('PUT', '/environments/production/flags/checkout-v2', {
    offVariant: 'off',
    prerequisites: [{ flag: 'dark-mode', variants: ['on'] }],
    targets: [{ variant: 'on', values: ['user-7', 'anna'] }],
    rules: [
      { id: 'staff', name: 'Our own people', when: { attr: 'email', op: 'endsWith', values: ['@example.com'] }, serve: { variant: 'on' } },
      { id: 'nordics', when: { all: [{ attr: 'country', op: 'in', values: ['NO', 'SE', 'DK'] }, { not: { segment: 'beta' } }] },
        serve: { split: { weights: [{ variant: 'on', weight: 25 }, { variant: 'off', weight: 75 }] } } },
    ],
    default: { split: { weights: [{ variant: 'on', weight: 10 }, { variant: 'off', weight: 90 }] } },
  });
}
