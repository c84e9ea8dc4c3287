// A real OpenID provider for tests, with people who sign in by their name and any password.
//
//   node provider.mjs PUBLIC_URL SECRET_FILE
//
// PUBLIC_URL is where the API under test is reached; the client's secret is written to SECRET_FILE. Prints
// one line with the provider's own address once it listens, and ends when its standard input does.
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import Provider from "oidc-provider";

const [publicUrl, secretFile] = process.argv.slice(2);
const secret = randomBytes(32).toString("base64url");
writeFileSync(secretFile, secret, { mode: 0o600 });

/** Who there is, and what the provider calls their groups. */
const GROUPS = { zhao: ["云管理员", "others"], qian: [] };

const server = createServer();
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "yunheng",
      client_secret: secret,
      redirect_uris: [`${publicUrl}/api/v1/sign-in/callback`],
      backchannel_logout_uri: `${publicUrl}/api/v1/sign-in/logout`,
      backchannel_logout_session_required: true,
    },
  ],
  claims: { openid: ["sub"], profile: ["preferred_username"], groups: ["groups"] },
  scopes: ["openid", "profile", "groups"],
  cookies: { keys: [randomBytes(32).toString("base64url")] },
  features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: true } },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, preferred_username: id, groups: GROUPS[id] ?? [] }),
  }),
  pkce: { required: () => true },
  // It calls no private addresses by itself; what it has to call here is on this machine.
  fetch: (url, { dispatcher: _, ...options }) => globalThis.fetch(url, options),
});

const note = (name) => (_, error) => console.error(`${name}: ${error.message} ${error.error_description ?? ""}`);
for (const name of ["server_error", "authorization.error", "grant.error", "backchannel.error"]) {
  provider.on(name, note(name));
}
server.on("request", provider.callback());
console.log(issuer);
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
