import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { signal } from '@preact/signals';
import { api, ask } from '../api/client';
import { AccessPage } from '../pages/access/access-page';
import { AuditPage } from '../pages/audit/audit-page';
import { EnvironmentsPage } from '../pages/environments/environments-page';
import { FlagPage } from '../pages/flag/flag-page';
import { FlagsPage } from '../pages/flags/flags-page';
import { FleetPage } from '../pages/fleet/fleet-page';
import { PeoplePage } from '../pages/people/people-page';
import { PlaygroundPage } from '../pages/playground/playground-page';
import { SchedulePage } from '../pages/schedule/schedule-page';
import { SegmentsPage } from '../pages/segments/segments-page';
import { SignInPage } from '../pages/sign-in/sign-in-page';
import { TransferPage } from '../pages/transfer/transfer-page';
import { follow } from '../model/live';
import { UsagePage } from '../pages/usage/usage-page';
import { Notices } from '../parts/notices';
import { ReasonDialog } from '../parts/reason-dialog';
import { route } from './router';
import { isLost, session, signedIn } from './session';
import { Shell } from './shell';

const isAsked = signal(false);

/** Whether a session of before still holds. */
async function findSession() {
  try {
    signedIn(await ask(api.GET('/api/v1/session')));
  } catch {
    // Nobody is signed in, or the store is away: the sign-in page says which.
  }
  isAsked.value = true;
}

const pages: Record<string, () => JSX.Element> = {
  playground: PlaygroundPage,
  audit: AuditPage,
  segments: SegmentsPage,
  environments: EnvironmentsPage,
  fleet: FleetPage,
  usage: UsagePage,
  schedule: SchedulePage,
  transfer: TransferPage,
  access: AccessPage,
  people: PeoplePage,
};

function Page() {
  const [page = 'flags', key] = route.value.path;
  if (page === 'flags' && key) return <FlagPage key={key} flagKey={key} />;
  if (page === 'flags') return <FlagsPage />;
  const Other = pages[page];
  if (Other) return <Other />;
  return (
    <section class="empty">
      <h1>There is no such page</h1>
      <p>
        <a href="#/flags">All flags</a>
      </p>
    </section>
  );
}

export function App() {
  useEffect(() => void findSession(), []);
  const isSignedIn = session.value !== null;
  useEffect(() => (isSignedIn ? follow() : undefined), [isSignedIn]);
  if (!isAsked.value) return null;
  if (!session.value) return <SignInPage />;
  return (
    <>
      <Shell>
        <Page />
      </Shell>
      {isLost.value && <SignInPage isAgain />}
      <ReasonDialog />
      <Notices />
    </>
  );
}
