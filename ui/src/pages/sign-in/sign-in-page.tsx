import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { api, ask, fromPage, Problem } from '../../api/client';
import { signedIn, useToken } from '../../app/session';
import { Field } from '../../parts/field';

type Way = 'password' | 'token' | 'invitation';
const ways: [Way, string][] = [
  ['password', 'Password'],
  ['token', 'API token'],
  ['invitation', 'Invitation'],
];

async function signIn(way: Way, user: string, secret: string, password: string) {
  if (way === 'token') {
    useToken(secret.trim());
  } else {
    useToken('');
    const made =
      way === 'password'
        ? api.POST('/api/v1/session', { params: fromPage, body: { user, password } })
        : api.POST('/api/v1/setup', { params: fromPage, body: { token: secret.trim(), password } });
    await ask(made);
  }
  try {
    signedIn(await ask(api.GET('/api/v1/session')));
  } catch (problem) {
    useToken('');
    if (way === 'token' || !(problem instanceof Problem) || problem.status !== 401) throw problem;
    throw new Problem(401, 'The browser did not keep the session: open this page over HTTPS, or on 127.0.0.1.');
  }
}

/** The whole page, or, when a session has ended in the middle of work, a dialog over it. */
export function SignInPage({ isAgain = false }: { isAgain?: boolean }) {
  if (!isAgain) {
    return (
      <main class="sign-in">
        <h1>
          <span class="brand-word">pennon</span> Sign in
        </h1>
        <SignInForm />
      </main>
    );
  }
  return <SignInDialog />;
}

function SignInDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current!.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby="again" onCancel={(event) => event.preventDefault()}>
      <h1 id="again">Sign in again</h1>
      <p>Your session has ended. What you were doing is still there.</p>
      <SignInForm />
    </dialog>
  );
}

function SignInForm() {
  const way = useSignal<Way>('password');
  const error = useSignal('');
  const isBusy = useSignal(false);

  async function submit(event: SubmitEvent) {
    event.preventDefault();
    const field = (name: string) => String(new FormData(event.target as HTMLFormElement).get(name) ?? '');
    isBusy.value = true;
    error.value = '';
    try {
      await signIn(way.value, field('user'), field('secret'), field('password'));
    } catch (problem) {
      error.value = (problem as Error).message;
    }
    isBusy.value = false;
  }

  return (
    <form onSubmit={submit}>
      <fieldset class="ways">
        <legend class="unseen">Sign in with</legend>
        {ways.map(([name, label]) => (
          <label key={name}>
            <input type="radio" name="way" checked={way.value === name} onChange={() => (way.value = name)} />
            {label}
          </label>
        ))}
      </fieldset>
      {way.value === 'password' && <Input name="user" label="User" autoComplete="username" />}
      {way.value === 'token' && <Input name="secret" label="API token" type="password" autoComplete="off" />}
      {way.value === 'invitation' && <Input name="secret" label="Invitation" autoComplete="off" />}
      {way.value === 'password' && (
        <Input name="password" label="Password" type="password" autoComplete="current-password" />
      )}
      {way.value === 'invitation' && (
        <Input name="password" label="New password, 12 characters or more" type="password" autoComplete="new-password" />
      )}
      {error.value && (
        <p class="error" role="alert">
          {error.value}
        </p>
      )}
      <button type="submit" class="primary" disabled={isBusy.value}>
        {isBusy.value ? 'Signing in…' : 'Sign in'}
      </button>
    </form>
  );
}

interface InputProps {
  name: string;
  label: string;
  type?: string;
  autoComplete: string;
}

function Input({ label, type = 'text', ...rest }: InputProps) {
  return (
    <Field label={label}>
      <input type={type} required spellcheck={false} {...rest} />
    </Field>
  );
}
