// An identity provider that is not ours (npm oidc-provider, certified), at IServ's addresses and with IServ's words.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

import Provider from 'oidc-provider';

export const CLIENT = 'pult-client';
export const SECRET = 'a-secret-of-some-length';

/**
 * Starts it. `accounts` says what is told of whom; it may be changed at any time, and counts from the next question on.
 * Whoever gives a name there may sign in, with any password. Only IServ's newer scopes are released: asked for one of
 * the older, it refuses the sign-in as a whole. Names, groups and roles are in userinfo alone.
 */
export function startProvider({ port, pult, accounts }) {
  const issuer = `http://127.0.0.1:${port}`;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT,
        client_secret: SECRET,
        token_endpoint_auth_method: 'client_secret_post',
        redirect_uris: [`${pult}/auth/callback`],
        post_logout_redirect_uris: [`${pult}/auth/logout`],
        backchannel_logout_uri: `${pult}/auth/backchannel-logout`,
        backchannel_logout_session_required: true,
        scope: 'openid profile email iserv:uuid iserv:groups iserv:roles',
      },
    ],
    routes: {
      authorization: '/iserv/auth/auth',
      token: '/iserv/auth/public/token',
      userinfo: '/iserv/auth/userinfo',
      jwks: '/iserv/auth/public/jwk',
      end_session: '/iserv/auth/logout',
    },
    scopes: ['openid', 'profile', 'email', 'iserv:uuid', 'iserv:groups', 'iserv:roles', 'uuid', 'groups', 'roles'],
    claims: {
      openid: ['sub'],
      profile: ['name', 'given_name', 'family_name', 'preferred_username'],
      email: ['email', 'email_verified'],
      'iserv:uuid': ['iserv:uuid'],
      'iserv:groups': ['iserv:groups'],
      'iserv:roles': ['iserv:roles'],
      uuid: ['uuid'],
      groups: ['groups'],
      roles: ['roles'],
    },
    features: {
      devInteractions: { enabled: true },
      rpInitiatedLogout: { enabled: true },
      backchannelLogout: { enabled: true },
    },
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: randomBytes(8).toString('hex'), use: 'sig', alg: 'RS256' }] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    findAccount: (_, id) => (accounts[id] ? { accountId: id, claims: () => ({ sub: id, ...accounts[id] }) } : undefined),
    // its own way refuses addresses of this machine, and Pult has no other here
    fetch: (url, { dispatcher: _, ...options }) => fetch(url, options),
    // IServ asks nobody whether a client of the school's may know their name
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope(ctx.oidc.client.scope);
      await grant.save();
      return grant;
    },
  });

  provider.on('backchannel.error', (_, error) => { console.error('the provider could not tell Pult of a sign-out:', error); });
  provider.on('server_error', (_, error) => { console.error('the provider failed:', error); });

  let server;
  const running = {
    issuer,
    /** It answers (again). What it knows it has kept. */
    start: () =>
      new Promise((resolve, reject) => {
        server = createServer(provider.callback());
        server.once('error', reject).listen(port, '127.0.0.1', resolve);
      }),
    /** Nobody answers there any more. */
    stop: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
  return running;
}
