// Signs and verifies with jose: a list of jobs in, a list of answers out, both JSON.
// A job with a token is to verify it, one without is to sign claims. `makers.rs` sends them.
import { readFileSync } from 'node:fs';
import { webcrypto } from 'node:crypto';

// Node.js 18, which Debian 12 has, keeps it from the global scope, where jose looks for it.
globalThis.crypto ??= webcrypto;
const { SignJWT, UnsecuredJWT, errors, jwtVerify } = await import('jose');

const bytes = (secret) => new TextEncoder().encode(secret);

async function sign({ claims, alg, secret }) {
  if (alg === 'none') return new UnsecuredJWT(claims).encode();
  return new SignJWT(claims).setProtectedHeader({ alg, typ: 'JWT' }).sign(bytes(secret));
}

async function verify({ token, secret, iss, now }) {
  const options = { algorithms: ['HS256'], issuer: iss, currentDate: new Date(now * 1000) };
  try {
    return (await jwtVerify(token, bytes(secret), options)).payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return null;
    throw error;
  }
}

const jobs = JSON.parse(readFileSync(0, 'utf8'));
const answers = await Promise.all(jobs.map((job) => ('token' in job ? verify(job) : sign(job))));
process.stdout.write(JSON.stringify(answers));
