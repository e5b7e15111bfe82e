// What runs in the page: Connect's client over both of its transports. run.py counts what `run` returns.
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";

import { Health, HealthCheckResponse_ServingStatus as Serving } from "grpc/health/v1/health_pb.js";
import { AuthService, DocumentService, PushDocumentRequestSchema } from "mcq/v1/mcq_pb.js";

const transports = {
  "Connect, JSON": (options) => createConnectTransport({ ...options, useBinaryFormat: false }),
  "Connect, binary": (options) => createConnectTransport({ ...options, useBinaryFormat: true }),
  "Connect, GET": (options) => createConnectTransport({ ...options, useBinaryFormat: true, useHttpGet: true }),
  "gRPC-Web": (options) => createGrpcWebTransport(options),
};

function same(got, wanted) {
  if (got !== wanted) throw new Error(`got ${JSON.stringify(got)}, want ${JSON.stringify(wanted)}`);
}

async function refused(code, message, call) {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    same(Code[error.code], Code[code]);
    if (message !== undefined) same(error.rawMessage, message);
    return error;
  }
  throw new Error(`it was answered, want ${Code[code]}`);
}

async function checkTransport(name, number, makeTransport, setting, check) {
  const transport = makeTransport({ baseUrl: setting.url });
  const [documents, auth, health] = [DocumentService, AuthService, Health].map((service) => createClient(service, transport));
  const { passwords, robot_token: robotToken } = setting.accounts;
  const by = (token) => ({ headers: { authorization: `Bearer ${token}` } });
  const slug = `browser-${number}`;

  let alice;
  await check(`${name}: logs in`, async () => {
    const reply = await auth.login({ username: "alice", password: passwords.alice });
    if (Number(reply.expiresAt.seconds) <= Date.now() / 1000) throw new Error("the session is over");
    alice = by(reply.token);
  });
  await check(`${name}: a wrong password is UNAUTHENTICATED`, () =>
    refused(Code.Unauthenticated, undefined, () => auth.login({ username: "alice", password: "wrong" })));
  await check(`${name}: pushes and gets`, async () => {
    const summary = await documents.pushDocument({ slug, title: "Größe", body: "# 日本" }, alice);
    same(summary.pushedBy, "alice");
    const document = await documents.getDocument({ slug }, alice);
    same(document.body, "# 日本");
    same(document.title, "Größe");
    same(document.pushedAt.seconds, summary.pushedAt.seconds);
  });
  await check(`${name}: lists in pages, each document once`, async () => {
    await documents.pushDocument({ slug: `${slug}-2`, title: "2", body: "" }, alice);
    const slugs = [];
    let after = "";
    do {
      const page = await documents.listDocuments({ limit: 2, after }, alice);
      slugs.push(...page.documents.map((document) => document.slug));
      after = page.next;
    } while (after);
    same(new Set(slugs).size, slugs.length);
    same(slugs.includes(slug) && slugs.includes(`${slug}-2`), true);
  });
  await check(`${name}: an answer of no fields`, async () => {
    await documents.markRead({ slug }, alice);
    same((await documents.getDocument({ slug }, alice)).read, true);
  });
  await check(`${name}: a system account pushes with its token`, async () => {
    same((await documents.pushDocument({ slug: `${slug}-r`, title: "r", body: "" }, by(robotToken))).pushedBy, "robot");
  });
  await check(`${name}: a body of 1 MiB goes there and back`, async () => {
    const body = "é".repeat(1 << 19);
    await documents.pushDocument(create(PushDocumentRequestSchema, { slug: `${slug}-large`, title: "large", body }), alice);
    same((await documents.getDocument({ slug: `${slug}-large` }, alice)).body === body, true);
  });
  await check(`${name}: no token is UNAUTHENTICATED`, () =>
    refused(Code.Unauthenticated, undefined, () => documents.getDocument({ slug })));
  await check(`${name}: what is not there is NOT_FOUND, with its message and a request id`, async () => {
    const error = await refused(Code.NotFound, "no such document", () => documents.getDocument({ slug: "none" }, alice));
    if (!error.metadata.get("x-request-id")) throw new Error("no request id");
  });
  await check(`${name}: a bad request is INVALID_ARGUMENT, with its message`, () =>
    refused(Code.InvalidArgument, "limit: 1 to 200", () => documents.listDocuments({ limit: 0 }, alice)));
  await check(`${name}: a script reads the head of an answer`, async () => {
    let id;
    await documents.getDocument({ slug }, { ...alice, onHeader: (head) => (id = head.get("x-request-id")) });
    if (!id) throw new Error("no request id");
  });
  await check(`${name}: a stream says SERVING and ends with its deadline`, async () => {
    const seen = [];
    await refused(Code.DeadlineExceeded, undefined, async () => {
      for await (const answer of health.watch({}, { timeoutMs: 2000 })) seen.push(Serving[answer.status]);
    });
    same(seen.join(), "SERVING");
  });
  await check(`${name}: a stream that is cancelled ends`, async () => {
    const stop = new AbortController();
    await refused(Code.Canceled, undefined, async () => {
      for await (const _ of health.watch({}, { signal: stop.signal })) stop.abort();
    });
  });
  await check(`${name}: a logout ends the token`, async () => {
    await auth.logout({}, alice);
    await refused(Code.Unauthenticated, undefined, () => documents.getDocument({ slug }, alice));
  });
}

/** All checks, each as one line. */
window.run = async (setting) => {
  const lines = [];
  const check = async (fact, body) => {
    try {
      await body();
      lines.push(`ok ${fact}`);
    } catch (error) {
      lines.push(`FAILED ${fact}: ${error}`);
    }
  };
  let number = 0;
  for (const [name, makeTransport] of Object.entries(transports)) await checkTransport(name, ++number, makeTransport, setting, check);
  const calls = performance.getEntriesByType("resource").filter((entry) => entry.name.includes("mcq.v1."));
  await check("every call went over HTTP/2", async () => same([...new Set(calls.map((entry) => entry.nextHopProtocol))].join(), "h2"));
  return lines;
};
