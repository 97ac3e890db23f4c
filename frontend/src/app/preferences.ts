import { useSyncExternalStore } from 'react';

export type Locale = 'de' | 'en';
export type Theme = 'system' | 'light' | 'dark';

/** A choice of this browser's user. Kept in local storage where the browser allows it, else for this page only. */
export type Preference<T extends string> = {
  get: () => T;
  set: (value: T) => void;
  subscribe: (tell: () => void) => () => void;
};

function preference<T extends string>(key: string, allowed: readonly T[], initial: () => T): Preference<T> {
  const watchers = new Set<() => void>();
  const known = (value: string | null | undefined) => allowed.find((one) => one === value);
  let value = known(read(key)) ?? initial();
  const change = (next: T) => {
    value = next;
    watchers.forEach((tell) => { tell(); });
  };
  // Another tab of this browser chose.
  window.addEventListener('storage', (event) => {
    if (event.key === key) change(known(event.newValue) ?? initial());
  });
  return {
    get: () => value,
    set: (next) => {
      write(key, next);
      change(next);
    },
    subscribe: (tell) => {
      watchers.add(tell);
      return () => watchers.delete(tell);
    },
  };
}

export const localePreference = preference<Locale>('pult.locale', ['de', 'en'], () =>
  navigator.language.toLowerCase().startsWith('de') ? 'de' : 'en',
);
export const themePreference = preference<Theme>('pult.theme', ['system', 'light', 'dark'], () => 'system');
export const toolbarPreference = preference<'open' | 'closed'>('pult.toolbar', ['open', 'closed'], () => 'open');
export const clipboardPreference = preference<'off' | 'ask' | 'auto'>('pult.clipboard', ['off', 'ask', 'auto'], () => 'ask');
export const sizePreference = preference<'window' | 'scale' | 'actual'>('pult.size', ['window', 'scale', 'actual'], () => 'window');
export const qualityPreference = preference<'auto' | 'sharp' | 'fast'>('pult.quality', ['auto', 'sharp', 'fast'], () => 'auto');

export const currentLocale = localePreference.get;

export const usePreference = <T extends string>({ get, subscribe }: Preference<T>): T => useSyncExternalStore(subscribe, get);

/* eslint-disable no-restricted-globals -- the one place that touches storage */

export function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function write(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Denied or full: the choice lasts as long as the page.
  }
}

/** The same for this one tab, as long as it is there. */
export function readInTab(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

export function writeInTab(key: string, value: string): void {
  try {
    sessionStorage.setItem(key, value);
  } catch {
    // Whoever needs it reads it back.
  }
}
