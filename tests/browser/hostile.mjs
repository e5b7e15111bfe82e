// What other sites try: forged requests, and links whose login leads away.
import { apiToken, check, direct, equal, evil, fillLogin, find, holds, logIn, openPage, passwords, push, run, sso } from "./lib.mjs";

const kHost = new URL(evil).host;

// Each as it stands in a link. The parameter's name belongs to those that double it.
const kReturns = [
  `//${kHost}`, `///${kHost}`, `////${kHost}`, `/\\${kHost}`, `\\${kHost}`, `\\\\${kHost}`, `\\/${kHost}`, `/\\/${kHost}`, `//\\${kHost}`,
  `https:${kHost}`, `https:/${kHost}`, `https://${kHost}`, `https:\\\\${kHost}`, `HTTPS://${kHost}`, `http:${kHost}`, `://${kHost}`, `:${kHost}`,
  `%2f%2f${kHost}`, `/%2f${kHost}`, `%2f/${kHost}`, `/%5c${kHost}`, `%5c%5c${kHost}`, `%68ttps://${kHost}`, `https%3a%2f%2f${kHost}`,
  `/%09/${kHost}`, `/%0a/${kHost}`, `/%0d/${kHost}`, `/%0d%0a/${kHost}`, `%09//${kHost}`, `%0a//${kHost}`, `%20//${kHost}`, `/%20/${kHost}`,
  `/%2509/${kHost}`, `/%250d%250aLocation:%20https://${kHost}`, `/%0d%0aLocation:%20https://${kHost}`, `/%00/${kHost}`, `%00//${kHost}`,
  `/%E2%80%A8/${kHost}`, `/%C2%A0/${kHost}`, `/%E3%80%82${kHost}`, `//evil%E3%80%82test`, `//evil%EF%BC%8Etest`, `//evil%EF%BD%A1test`, `%EF%BC%8F%EF%BC%8F${kHost}`,
  `@${kHost}`, `/@${kHost}`, `//mcq.test@${kHost}`, `https://mcq.test@${kHost}`, `https://mcq.test:x@${kHost}`, `https://mcq.test.${kHost}`, `.${kHost}`,
  "javascript:alert(1)", "JaVaScRiPt:alert(1)", "/%09javascript:alert(1)", "java%0ascript:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:x", "file:///etc/passwd", "blob:x",
  `/../../${kHost}`, `/..//${kHost}`, `/.//${kHost}`, `/%2e%2e//${kHost}`, `/;@${kHost}`, `/?//${kHost}`, `/#//${kHost}`, `?https://${kHost}`,
  `/&return_to=https://${kHost}`, `https://${kHost}&return_to=/`, `/&return_to[]=//${kHost}`, "", "x".repeat(5000),
];

/** A page of the other site that sends a form to a site of ours as soon as it is opened; what went out, and the answer. */
async function forge(page, action, fields, enctype = "application/x-www-form-urlencoded") {
  const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`).join("");
  await page.route(`${evil}/trap`, (route) => route.fulfill({ contentType: "text/html",
    body: `<form method="post" action="${action}" enctype="${enctype}">${inputs}</form><script>document.forms[0].submit()</script>` }));
  const sent = page.waitForRequest((request) => request.method() === "POST" && request.url() === action);
  await page.goto(`${evil}/trap`);
  const request = await sent;
  const answer = await request.response();
  await page.waitForLoadState();
  await page.unroute(`${evil}/trap`);
  return { headers: await request.allHeaders(), status: answer.status() };
}

await run(async (browser) => {
  const token = await apiToken();
  await push(token, "kept", "To be kept");

  for (const [name, origin] of [["a session of its own login", direct], ["a session of single sign-on", sso]]) {
    await check(`a form of another site carries no session: ${name}`, async () => {
      const { context, page } = await openPage(browser);
      await page.goto(`${origin}/login`);
      await fillLogin(page, "alice");
      await page.waitForURL(`${origin}/`);
      for (const [path, fields, enctype] of [["/documents/kept/delete", {}], ["/documents/kept/read", {}], ["/logout", {}],
        ["/upload", { title: "Forged", body: "x" }, "multipart/form-data"], ["/upload", { title: "Forged", body: "x" }, "text/plain"],
        ["/login", { username: "bob", password: passwords.bob, totp_code: "" }]]) {
        const { headers, status } = await forge(page, origin + path, fields, enctype);
        holds(!/_session=/.test(headers.cookie ?? ""), `${path} came with ${headers.cookie?.slice(0, 40)}`);
        holds(status === 403 || status === 405 || status === 303, `${path} answered ${status}`);
      }
      await page.goto(`${origin}/`);
      equal(await page.locator("h1").textContent(), "Reading queue", "what the session shows afterwards");
      holds((await page.getByRole("button", { name: /Log out/ }).textContent()).includes("alice"), "it is another's session now");
      await context.close();
    });
  }
  await check("and changes nothing", async () => {
    const kept = await find(token, "kept");
    equal(kept.status, 200);
    equal(kept.body.read, false);
    equal((await find(token, "forged")).status, 404);
  });

  await check("another site can neither frame a page nor read one", async () => {
    const { context, page } = await openPage(browser);
    await logIn(page);
    await page.route(`${evil}/**`, (route) => route.fulfill({ contentType: "text/html", body: `<iframe src="${direct}/"></iframe>` }));
    await page.goto(`${evil}/`);
    await page.waitForLoadState("networkidle");
    const framed = page.frames().find((frame) => frame !== page.mainFrame());
    holds(!framed || !framed.url().startsWith(direct) || await framed.locator("h1").count() === 0, "the page is framed");
    const read = await page.evaluate((url) => fetch(url, { credentials: "include" }).then((answer) => answer.text(), (error) => String(error)), `${direct}/`);
    holds(read.includes("Failed to fetch"), `what was read: ${read.slice(0, 80)}`);
    await context.close();
  });

  // By a session there is already, and some by logging in. Four at a time, each person in a browser of their own.
  const kEvery = 6;
  const queue = [...kReturns.entries()];
  await Promise.all(Array.from({ length: 4 }, async () => {
    const { context, page, wrong } = await openPage(browser);
    await page.route("**/static/**", (route) => route.abort());
    const isKnown = async () => (await context.cookies(direct)).some(({ name }) => name === "__Host-mcq_session");
    await logIn(page);
    wrong.length = 0;
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [index, wanted] = next;
      await check(`a login does not lead away: return_to=${wanted.slice(0, 60)}`, async () => {
        const logsIn = index % kEvery === 0;
        if (logsIn) await context.clearCookies();
        await page.goto(`${direct}/login?return_to=${wanted}`);
        if (logsIn) {
          equal(new URL(page.url()).pathname, "/login");
          await fillLogin(page, "alice");
        }
        await page.waitForURL((url) => url.pathname !== "/login");
        equal(new URL(page.url()).origin, direct, "origin");
        holds(await isKnown(), "nobody is logged in");
        equal(wrong.splice(0).filter((what) => !/404|ERR_FAILED/.test(what)).join("; "), "");
      });
    }
    await context.close();
  }));
});
