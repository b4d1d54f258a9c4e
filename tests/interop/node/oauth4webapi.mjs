// Walks through the authorization server with oauth4webapi: a list of jobs in, what came of each
// step out, both JSON. `clients.rs` sends them.
import { readFileSync } from 'node:fs';
import { webcrypto } from 'node:crypto';

// Node.js 18, which Debian 12 has, keeps it from the global scope, where the library looks for it.
globalThis.crypto ??= webcrypto;
const oauth = await import('oauth4webapi');

const insecure = { [oauth.allowInsecureRequests]: true };

async function authentication({ method, client_secret, private_key }) {
  if (method === 'client_secret_basic') return oauth.ClientSecretBasic(client_secret);
  if (method === 'client_secret_post') return oauth.ClientSecretPost(client_secret);
  const der = Buffer.from(private_key, 'base64');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  return oauth.PrivateKeyJwt(await crypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']));
}

async function walk(job) {
  const issuer = new URL(job.issuer);
  const found = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
  const server = await oauth.processDiscoveryResponse(issuer, found);
  const client = { client_id: job.client_id };
  const auth = await authentication(job);

  const asked = await oauth.clientCredentialsGrantRequest(server, client, auth, { scope: job.scope }, insecure);
  const token = await oauth.processClientCredentialsResponse(server, client, asked);
  const me = async () => {
    const url = new URL('/api/v1/me', issuer);
    return oauth.protectedResourceRequest(token.access_token, 'GET', url, undefined, undefined, insecure);
  };
  const app = (await (await me()).json()).app.id;
  const introspect = async () =>
    oauth.processIntrospectionResponse(
      server,
      client,
      await oauth.introspectionRequest(server, client, auth, token.access_token, insecure),
    );
  const before = await introspect();
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(server, client, auth, token.access_token, insecure),
  );
  const after = await introspect();
  const refused = await me().then(() => null, (error) => error.cause?.[0]?.parameters?.error ?? String(error));
  return {
    token_type: token.token_type,
    expires_in: token.expires_in,
    scope: token.scope,
    app,
    before: { active: before.active, scope: before.scope, client_id: before.client_id },
    after,
    refused,
  };
}

async function outcome(job) {
  try {
    return await walk(job);
  } catch (error) {
    if (error instanceof oauth.ResponseBodyError) return { error: error.error, status: error.status };
    if (error instanceof oauth.WWWAuthenticateChallengeError) {
      return { error: error.response.headers.get('www-authenticate'), status: error.status };
    }
    throw error;
  }
}

const jobs = JSON.parse(readFileSync(0, 'utf8'));
const answers = [];
for (const job of jobs) answers.push(await outcome(job));
process.stdout.write(JSON.stringify(answers));
