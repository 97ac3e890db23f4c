import { type ComponentType, lazy } from 'react';
import { authMethodsQuery, desktopsQuery, meQuery, statusQuery, templatesQuery } from '~/api/queries';
import { queryClient } from '~/api/queryClient';

const load = {
  login: () => import('~/login/LoginPage'),
  start: () => import('~/start/StartPage'),
  desktop: () => import('~/viewer/DesktopPage'),
  myData: () => import('~/mydata/MyDataPage'),
  schedule: () => import('~/schedule/SchedulePage'),
  sessions: () => import('~/sessions/SessionsPage'),
  identity: () => import('~/identity/IdentityPage'),
};

const page = <P extends object>(load: () => Promise<{ default: ComponentType<P> }>) => lazy(load);

export const LoginPage = page(load.login);
// Where nearly every visit begins or ends: worth being part of what is fetched first.
export { default as DashboardPage } from '~/dashboard/DashboardPage';
export const StartPage = page(load.start);
export const DesktopPage = page(load.desktop);
export const MyDataPage = page(load.myData);
export const SchedulePage = page(load.schedule);
export const SessionsPage = page(load.sessions);
export const IdentityPage = page(load.identity);

/** Begins to fetch the code and the data of the page at this address, before anything is rendered. */
export function preloadPage(pathname: string): void {
  if (pathname === '/login') {
    void load.login();
    void queryClient.prefetchQuery(authMethodsQuery);
    return;
  }
  if (pathname.startsWith('/desktop/')) void load.desktop();
  if (pathname.startsWith('/start/')) void load.start();
  if (pathname === '/my-data') void load.myData();
  if (pathname === '/schedule') void load.schedule();
  if (pathname === '/sessions') void load.sessions();
  if (pathname === '/identity') void load.identity();
  void queryClient.prefetchQuery(meQuery);
  void queryClient.prefetchQuery(desktopsQuery);
  void queryClient.prefetchQuery(templatesQuery);
  void queryClient.prefetchQuery(statusQuery);
}
