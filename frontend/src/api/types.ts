import type { components } from './schema';

type Schemas = components['schemas'];

/** The words of the product, as the server says them. One place to follow when the document's names move. */
export type Desktop = Schemas['Desktop'];
export type DesktopState = Schemas['DesktopState'];
export type DesktopStep = Schemas['DesktopStep'];
export type Template = Schemas['Template'];
export type Me = Schemas['Me'];
/** `streams_blocked`: a proxy on the way here takes the upgrade out of WebSocket requests. */
export type Status = Schemas['Status'] & { streams_blocked?: boolean };
export type AuthMethods = Schemas['AuthMethods'];
export type Notice = Schemas['Notice'];
export type Problem = Schemas['Problem'];
