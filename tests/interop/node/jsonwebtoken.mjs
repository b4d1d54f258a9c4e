// Signs and verifies with jsonwebtoken: a list of jobs in, a list of answers out, both JSON.
// A job with a token is to verify it, one without is to sign claims. `makers.rs` sends them.
import { readFileSync } from 'node:fs';
import jsonwebtoken from 'jsonwebtoken';

function sign({ claims, alg, secret }) {
  return jsonwebtoken.sign(claims, alg === 'none' ? '' : secret, { algorithm: alg });
}

function verify({ token, secret, iss, now }) {
  try {
    return jsonwebtoken.verify(token, secret, { algorithms: ['HS256'], issuer: iss, clockTimestamp: now });
  } catch (error) {
    if (error instanceof jsonwebtoken.JsonWebTokenError) return null;
    throw error;
  }
}

const jobs = JSON.parse(readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(jobs.map((job) => ('token' in job ? verify(job) : sign(job)))));
