import { api, ask } from '../../api/client';
import { isAdmin, mayEdit } from '../../app/session';
import { chosenEnvironment, EnvironmentChoice } from '../../parts/environment-choice';
import { PageHeading } from '../../parts/page-heading';
import { Tokens, type TokenSource } from './tokens';

const apiTokens: TokenSource = {
  list: async () => (await ask(api.GET('/api/v1/tokens'))).tokens,
  make: async (body) => (await ask(api.POST('/api/v1/tokens', { body }))).token,
  rotate: async (id) => (await ask(api.POST('/api/v1/tokens/{id}/rotate', { params: { path: { id: String(id) } }, body: {} }))).token,
  end: (id) => ask(api.DELETE('/api/v1/tokens/{id}', { params: { path: { id: String(id) } } })),
};

function keysOf(environment: string): TokenSource {
  const path = { environment };
  return {
    list: async () => (environment ? (await ask(api.GET('/api/v1/environments/{environment}/keys', { params: { path } }))).keys : []),
    make: async (body) => (await ask(api.POST('/api/v1/environments/{environment}/keys', { params: { path }, body }))).token,
    rotate: async (id) =>
      (await ask(api.POST('/api/v1/environments/{environment}/keys/{id}/rotate', { params: { path: { ...path, id: String(id) } }, body: {} }))).token,
    end: (id) => ask(api.DELETE('/api/v1/environments/{environment}/keys/{id}', { params: { path: { ...path, id: String(id) } } })),
  };
}

/** What programs come with: keys of daemons and services, and tokens of the API. */
export function AccessPage() {
  const environment = chosenEnvironment.value;
  return (
    <>
      <PageHeading title="Keys and tokens">
        <EnvironmentChoice />
      </PageHeading>
      {mayEdit(environment) && (
        <Tokens
          title={`Keys of ${environment}`}
          place={environment}
          source={keysOf(environment)}
          kinds={[
            ['sync', 'a daemon follows the flags'],
            ['client', 'browsers and apps ask for answers'],
          ]}
        />
      )}
      {isAdmin.value && (
        <Tokens
          title="Tokens of the API"
          place="api"
          source={apiTokens}
          kinds={[
            ['viewer', 'reads everything'],
            ['editor', 'changes flags and segments'],
            ['admin', 'changes everything'],
          ]}
        />
      )}
    </>
  );
}
