// What the suites share: Chromium, people in it, and mcq's API beside it.
import { createHash, createHmac, randomBytes, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { chromium } from "playwright-core";

import { check } from "../e2e/checks.mjs";

export { check };
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
export const setting = JSON.parse((await lines.next()).value);
export const { direct, sso, identity, evil, passwords } = setting;

const kPatience = 15_000;  // milliseconds until something that does not come counts as failed
const authority = readFileSync(setting.authority);

/** Has run.py do something with the services, and waits until it is done. */
export async function please(what) {
  console.log(`please ${what}`);
  equal((await lines.next()).value, "done", `what run.py says to ${what}`);
}

const met = new Set();

/** Tells run.py of a secret, for which it searches the logs when all is done. */
export function tellSecret(kind, value) {
  if (!value || met.has(value)) return;
  met.add(value);
  console.log(`secret ${JSON.stringify({ kind, value })}`);
}

const kSecretFields = { password: "password", totp_code: "one-time code", csrf_token: "csrf token", code: "SSO code", state: "SSO state" };

function tellFields(fields) {
  for (const [name, value] of fields) if (Object.hasOwn(kSecretFields, name)) tellSecret(kSecretFields[name], value);
}

/** Tells of what a URL has: that of the way to single sign-on, and that of the way back. */
export const tellUrl = (url) => tellFields(new URL(url).searchParams);

/** Tells of every secret that goes over the wire in a context, which closes only when all of them are told. */
function tellSecrets(context) {
  const pending = [];
  context.on("request", (request) => {
    tellUrl(request.url());
    const headers = request.headers();
    tellSecret("csrf token", headers["x-csrf-token"]);
    // Not the bodies that have files.
    if (headers["content-type"]?.startsWith("application/x-www-form-urlencoded")) tellFields(new URLSearchParams(request.postData() ?? ""));
  });
  const tellCookies = async (response) => {
    for (const { name, value } of await response.headersArray()) {
      if (name.toLowerCase() === "set-cookie") {
        const [, cookie, text] = value.match(/^([^=]+)=([^;]*)/) ?? [];
        tellSecret(`cookie ${cookie?.replace(/(_sso)_.*/, "$1")}`, text);
      } else if (name.toLowerCase() === "location") {
        tellUrl(new URL(value, response.url()));
      }
    }
  };
  context.on("response", (response) => {
    if (["document", "xhr", "fetch"].includes(response.request().resourceType())) pending.push(tellCookies(response).catch(() => {}));
  });
  const close = context.close.bind(context);
  context.close = async () => {
    await Promise.all(pending);
    await close();
  };
}

/** A password that is nobody's. */
export const wrongPassword = () => `wrong-${randomBytes(12).toString("base64url")}`;

/** The hash of our certificate's public key: Chromium takes this one key from an authority that it does not know. */
function keyHash() {
  const { publicKey } = new X509Certificate(readFileSync(setting.leaf));
  return createHash("sha256").update(publicKey.export({ type: "spki", format: "der" })).digest("base64");
}

/** Runs a suite: gives it a browser, and closes that and what was opened in it. */
export async function run(suite) {
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [`--ignore-certificate-errors-spki-list=${keyHash()}`,
      `--host-resolver-rules=${setting.hosts.map((host) => `MAP ${host} 127.0.0.1`).join(", ")}`],
  });
  try {
    await suite(browser);
  } finally {
    for (const context of browser.contexts()) await context.close();
    await browser.close();
    process.stdin.destroy();  // it would keep this process from ending
  }
}

export function equal(found, wanted, what = "") {
  if (found !== wanted) throw new Error(`${what || "value"} is ${JSON.stringify(found)}, wanted ${JSON.stringify(wanted)}`);
}

export function holds(truth, what) {
  if (!truth) throw new Error(what);
}

/** A page in a browser of its own, with what went wrong in it: dialogs, violations of its policy, errors of scripts. */
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 800 }, ...options });
  context.setDefaultTimeout(kPatience);
  tellSecrets(context);
  const page = await context.newPage();
  const wrong = [];
  await watch(page, wrong);
  return { context, page, wrong };
}

export async function watch(page, wrong) {
  page.on("dialog", (dialog) => {
    wrong.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("pageerror", (error) => wrong.push(`script: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of (4\d\d|503)|Status Error Code (4\d\d|503)/.test(message.text())) wrong.push(`console: ${message.text()} ${message.location().url}`);
  });
  await page.exposeFunction("tellViolation", (what) => wrong.push(what));
  await page.addInitScript(() => addEventListener("securitypolicyviolation",
    (event) => window.tellViolation(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`)));
}

/** The one-time code of this moment (RFC 6238), of the account that has a second factor. */
export function oneTimeCode(stepsAhead = 0) {
  let bits = "";
  for (const letter of setting.totp_secret) bits += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0");
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + stepsAhead));
  const digest = createHmac("sha1", secret).update(counter).digest();
  const at = digest[19] & 15;
  return String((digest.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** Types name and password where the page asks for them. */
export async function fillLogin(page, name, password = passwords[name], code = "") {
  await page.getByLabel("User name").fill(name);
  await page.getByLabel("Password").fill(password);
  if (code) await page.getByLabel(/code/i).fill(code);
  await page.getByRole("button", { name: "Log in" }).click();
}

export async function logIn(page, name = "alice", origin = direct) {
  await page.goto(`${origin}/login`);
  await fillLogin(page, name);
  await page.waitForURL(`${origin}/`);
}

/** A call of the API, past the browser; the answer's status and JSON. */
export function api(method, path, body, token, origin = direct) {
  tellSecret("bearer token", token);
  tellFields(Object.entries(body ?? {}));
  const url = new URL(path, origin);
  return new Promise((resolve, reject) => {
    const request = httpsRequest({ host: "127.0.0.1", port: url.port, servername: url.hostname, path: url.pathname + url.search, method,
      ca: authority, headers: { host: url.host, ...(body ? { "content-type": "application/json" } : {}),
        ...(token ? { authorization: `Bearer ${token}` } : {}) } }, (answer) => {
      let text = "";
      answer.on("data", (piece) => { text += piece; });
      answer.on("end", () => resolve({ status: answer.statusCode, body: text ? JSON.parse(text) : null }));
    });
    request.on("error", reject);
    request.end(body ? JSON.stringify(body) : undefined);
  });
}

export async function apiToken(name = "alice") {
  const { status, body } = await api("POST", "/v1/auth/login", { username: name, password: passwords[name] });
  equal(status, 200, "status of the login");
  tellSecret("bearer token", body.token);
  return body.token;
}

export async function push(token, slug, title, body = "text") {
  const answer = await api("PUT", `/v1/documents/${slug}`, { title, body }, token);
  equal(answer.status, 200, `status of pushing ${slug}`);
}

export const find = async (token, slug) => (await api("GET", `/v1/documents/${slug}`, null, token));

export const picture = (name) => join(setting.pictures, `${name}.png`);

/** This repository's own pages, to have something to read. */
export function readme() {
  return readFileSync(new URL("../../README.md", import.meta.url), "utf8");
}
