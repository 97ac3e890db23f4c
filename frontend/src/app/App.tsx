import { QueryClientProvider } from '@tanstack/react-query';
import { Suspense } from 'react';
import { RouterProvider } from 'react-aria-components';
import { Route, Switch, useLocation } from 'wouter';
import { queryClient } from '~/api/queryClient';
import { I18n } from '~/i18n/I18n';
import type { Messages } from '~/i18n/messages';
import { CrashGuard } from './CrashGuard';
import { NotFoundPage } from './NotFoundPage';
import { DashboardPage, DesktopPage, IdentityPage, LoginPage, MyDataPage, SchedulePage, SessionsPage, StartPage } from './pages';
import type { Locale } from './preferences';
import { SignedIn } from './SignedIn';

export function App({ first }: { first: { locale: Locale; messages: Messages } }) {
  const [, navigate] = useLocation();
  // What the server itself answers is a new page, not a view of this app.
  const go = (to: string) => (/^\/(auth|api)\//.test(to) ? window.location.assign(to) : navigate(to));
  return (
    <QueryClientProvider client={queryClient}>
      <I18n first={first}>
        <RouterProvider navigate={go}>
          <CrashGuard>
            <Suspense>
              <Switch>
                <Route path="/login" component={LoginPage} />
                <Route>
                  <SignedIn>
                    <Switch>
                      <Route path="/" component={DashboardPage} />
                      <Route path="/start/:slug">{({ slug }) => <StartPage slug={slug} key={slug} />}</Route>
                      <Route path="/desktop/:name/*?">{({ name }) => <DesktopPage name={name} key={name} />}</Route>
                      <Route path="/my-data" component={MyDataPage} />
                      <Route path="/schedule" component={SchedulePage} />
                      <Route path="/sessions" component={SessionsPage} />
                      <Route path="/identity" component={IdentityPage} />
                      <Route component={NotFoundPage} />
                    </Switch>
                  </SignedIn>
                </Route>
              </Switch>
            </Suspense>
          </CrashGuard>
        </RouterProvider>
      </I18n>
    </QueryClientProvider>
  );
}
