// Has a user asked and redeems the code with oauth4webapi: a list of jobs in, what came of each out,
// both JSON. `code_flow.rs` sends them, and plays the user in between.
import { readFileSync } from 'node:fs';
import { webcrypto } from 'node:crypto';

// Node.js 18, which Debian 12 has, keeps it from the global scope, where the library looks for it.
globalThis.crypto ??= webcrypto;
const oauth = await import('oauth4webapi');

const insecure = { [oauth.allowInsecureRequests]: true };

async function setting(job) {
  const issuer = new URL(job.issuer);
  const found = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
  const server = await oauth.processDiscoveryResponse(issuer, found);
  const auth = job.client_secret ? oauth.ClientSecretBasic(job.client_secret) : oauth.None();
  return { issuer, server, auth, client: { client_id: job.client_id } };
}

async function begin(job) {
  const { server, auth, client } = await setting(job);
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const url = new URL(server.authorization_endpoint);
  const parameters = new URLSearchParams({
    client_id: job.client_id,
    redirect_uri: job.redirect_uri,
    response_type: 'code',
    scope: job.scope,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  if (job.pushed) {
    const sent = await oauth.pushedAuthorizationRequest(server, client, auth, parameters, insecure);
    const { request_uri } = await oauth.processPushedAuthorizationResponse(server, client, sent);
    url.search = new URLSearchParams({ client_id: job.client_id, request_uri });
  } else {
    url.search = parameters;
  }
  return { url: url.href, verifier, state };
}

async function finish(job) {
  const { issuer, server, auth, client } = await setting(job);
  const answer = oauth.validateAuthResponse(server, client, new URL(job.callback), job.state);
  const redeem = async () =>
    oauth.processAuthorizationCodeResponse(
      server,
      client,
      await oauth.authorizationCodeGrantRequest(
        server,
        client,
        auth,
        answer,
        job.redirect_uri,
        job.verifier,
        insecure,
      ),
    );
  const first = await redeem();
  const refresh = async (token) =>
    oauth.processRefreshTokenResponse(
      server,
      client,
      await oauth.refreshTokenGrantRequest(server, client, auth, token, insecure),
    );
  const second = await refresh(first.refresh_token);
  const me = async (token) =>
    oauth.protectedResourceRequest(token, 'GET', new URL('/api/v1/me', issuer), undefined, undefined, insecure);
  const user = (await (await me(second.access_token)).json()).user.id;
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(server, client, auth, second.refresh_token, insecure),
  );
  const error = async (step) => step().then(() => null, (thrown) => thrown.error ?? thrown.cause?.[0]?.parameters?.error);
  return {
    scope: first.scope,
    user,
    refreshed: second.scope,
    revoked: await error(() => me(second.access_token)),
    again: await error(redeem),
    used: await error(() => refresh(first.refresh_token)),
  };
}

async function outcome(job) {
  try {
    return job.callback ? await finish(job) : await begin(job);
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError) return { error: error.error };
    if (error instanceof oauth.ResponseBodyError) return { error: error.error };
    if (error instanceof oauth.OperationProcessingError) return { error: error.code, says: error.message };
    throw error;
  }
}

const jobs = JSON.parse(readFileSync(0, 'utf8'));
const answers = [];
for (const job of jobs) answers.push(await outcome(job));
process.stdout.write(JSON.stringify(answers));
