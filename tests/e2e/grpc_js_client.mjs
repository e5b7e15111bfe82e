// The checks with @grpc/grpc-js, the gRPC of Node.js, on the proto files as @grpc/proto-loader reads them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

import { check } from "./checks.mjs";

const setting = JSON.parse(readFileSync(0, "utf8"));
const { passwords, robot_token: robotToken } = setting.accounts;

const definition = loader.loadSync(["mcq/v1/mcq.proto", "grpc/health/v1/health.proto"], {
  includeDirs: setting.protos,
  keepCase: true,
  longs: Number,
  enums: String,
});
const proto = grpc.loadPackageDefinition(definition);
const credentials = grpc.credentials.createSsl(readFileSync(setting.authority));
const client = (service) => new service(setting.address, credentials, { "grpc.max_receive_message_length": 8 << 20 });
const documents = client(proto.mcq.v1.DocumentService);
const auth = client(proto.mcq.v1.AuthService);
const health = client(proto.grpc.health.v1.Health);

// What a unary call brings: the reply or the error, and the metadata of both ends.
function call(stub, method, request, metadata = new grpc.Metadata(), options = {}) {
  return new Promise((resolve) => {
    const answer = {};
    const pending = stub[method](request, metadata, options, (error, reply) => Object.assign(answer, { error, reply }));
    pending.on("metadata", (head) => (answer.head = head));
    pending.on("status", (status) => resolve(Object.assign(answer, { status })));
  });
}

async function reply(...all) {
  const { error, reply: message } = await call(...all);
  if (error) throw error;
  return message;
}

async function refused(code, message, ...all) {
  const { error } = await call(...all);
  assert.equal(error?.code, code, `want ${grpc.status[code]}, got ${error}`);
  if (message !== undefined) assert.equal(error.details, message);
}

function bearer(token) {
  const metadata = new grpc.Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  return metadata;
}

const login = async (username) => bearer((await reply(auth, "Login", { username, password: passwords[username] })).token);

let alice;
await check("logs in, and no cache may keep the token", async () => {
  const answer = await call(auth, "Login", { username: "alice", password: passwords.alice });
  assert.equal(answer.status.code, grpc.status.OK, answer.status.details);
  assert.deepEqual(answer.head.get("cache-control"), ["no-store"]);
  assert(answer.reply.expires_at.seconds > Date.now() / 1000);
  alice = bearer(answer.reply.token);
});
await check("a wrong password is UNAUTHENTICATED", () =>
  refused(grpc.status.UNAUTHENTICATED, undefined, auth, "Login", { username: "alice", password: "wrong" }));
await check("a login that policy denies is PERMISSION_DENIED", () =>
  refused(grpc.status.PERMISSION_DENIED, undefined, auth, "Login", { username: "mallory", password: passwords.mallory }));
await check("pushes", async () => {
  const summary = await reply(documents, "PushDocument", { slug: "grpc-js", title: "Größe", body: "# 日本" }, alice);
  assert.equal(summary.pushed_by, "alice");
});
await check("gets what it pushed", async () => {
  const document = await reply(documents, "GetDocument", { slug: "grpc-js" }, alice);
  assert.equal(document.title, "Größe");
  assert.equal(document.body, "# 日本");
});
await check("lists in pages, each document once", async () => {
  await reply(documents, "PushDocument", { slug: "grpc-js-2", title: "2", body: "" }, alice);
  const slugs = [];
  let next = "";
  do {
    const page = await reply(documents, "ListDocuments", { limit: 1, after: next }, alice);
    slugs.push(...page.documents.map((document) => document.slug));
    next = page.next;
  } while (next);
  assert.equal(new Set(slugs).size, slugs.length);
  assert(slugs.includes("grpc-js") && slugs.includes("grpc-js-2"), String(slugs));
});
await check("marks as read", async () => {
  await reply(documents, "MarkRead", { slug: "grpc-js" }, alice);
  assert.equal((await reply(documents, "GetDocument", { slug: "grpc-js" }, alice)).read, true);
});
await check("a system account pushes with its token", async () => {
  const summary = await reply(documents, "PushDocument", { slug: "grpc-js-r", title: "r", body: "" }, bearer(robotToken));
  assert.equal(summary.pushed_by, "robot");
});
await check("no token is UNAUTHENTICATED", () =>
  refused(grpc.status.UNAUTHENTICATED, undefined, documents, "GetDocument", { slug: "grpc-js" }));
await check("a guest that pushes is PERMISSION_DENIED", async () =>
  refused(grpc.status.PERMISSION_DENIED, undefined, documents, "PushDocument", { slug: "g", title: "g", body: "" }, await login("guest")));
await check("what is not there is NOT_FOUND, with its message", () =>
  refused(grpc.status.NOT_FOUND, "no such document", documents, "GetDocument", { slug: "none" }, alice));
await check("a bad request is INVALID_ARGUMENT, with its message", () =>
  refused(grpc.status.INVALID_ARGUMENT, "limit: 1 to 200", documents, "ListDocuments", { limit: 201 }, alice));
await check("4 MiB of body go there and back", async () => {
  const body = "x".repeat(4 << 20);
  await reply(documents, "PushDocument", { slug: "grpc-js-large", title: "large", body }, alice);
  assert((await reply(documents, "GetDocument", { slug: "grpc-js-large" }, alice)).body === body);
});
await check("a message above the limit is RESOURCE_EXHAUSTED", () =>
  refused(grpc.status.RESOURCE_EXHAUSTED, undefined, documents, "PushDocument", { slug: "a", title: "a", body: "x".repeat(6 << 20) }, alice));
await check("every answer has a request id of its own, in its metadata", async () => {
  const ids = new Set();
  for (let i = 0; i < 3; ++i) {
    const { head } = await call(documents, "GetDocument", { slug: "grpc-js" }, alice);
    ids.add(head.get("x-request-id")[0]);
  }
  assert.equal(ids.size, 3);
  assert(!ids.has(undefined));
});
await check("a deadline that passes is DEADLINE_EXCEEDED", async () => {
  const watch = health.Watch({}, { deadline: Date.now() + 2000 });
  const seen = [];
  const code = await new Promise((resolve) => {
    watch.on("data", (message) => seen.push(message.status));
    watch.on("error", (error) => resolve(error.code));
    watch.on("end", () => resolve(grpc.status.OK));
  });
  assert.deepEqual(seen, ["SERVING"]);
  assert.equal(code, grpc.status.DEADLINE_EXCEEDED);
});
await check("health Check is SERVING", async () =>
  assert.equal((await reply(health, "Check", { service: "mcq.v1.DocumentService" })).status, "SERVING"));
await check("64 calls at a time", async () => {
  const all = await Promise.all(Array.from({ length: 64 }, () => reply(documents, "GetDocument", { slug: "grpc-js" }, alice)));
  assert(all.every((document) => document.body === "# 日本"));
});
await check("a logout ends the token", async () => {
  await reply(auth, "Logout", {}, alice);
  await refused(grpc.status.UNAUTHENTICATED, undefined, documents, "GetDocument", { slug: "grpc-js" }, alice);
});
for (const stub of [documents, auth, health]) stub.close();
