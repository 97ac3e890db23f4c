import type { components } from './schema';

type Schemas = components['schemas'];

/** The words of the product, as the server says them. One place to follow when the document's names move. */
export type Desktop = Schemas['Desktop'];
export type DesktopState = Schemas['DesktopState'];
export type DesktopStep = Schemas['DesktopStep'];
export type Template = Schemas['Template'];
export type Me = Schemas['Me'];
export type Status = Schemas['Status'];
export type Look = Schemas['Look'];
export type ScheduledJob = Schemas['ScheduledJob'];
export type Grant = Schemas['Grant'];
export type Session = Schemas['Session'];
export type Identity = Schemas['Identity'];
export type IdentityProvider = Schemas['IdentityProvider'];
export type BlockingFront = Schemas['BlockingFront'];
export type AuthMethods = Schemas['AuthMethods'];
export type AuthProvider = Schemas['AuthProvider'];
export type Notice = Schemas['Notice'];
export type Problem = Schemas['Problem'];
