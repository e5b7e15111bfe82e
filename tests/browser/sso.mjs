// Single sign-on across two sites, and what an attacker, a second tab and the back button make of it.
import { check, equal, fillLogin, holds, identity, openPage, run, sso, tellUrl, wrongPassword } from "./lib.mjs";

const kSession = "__Host-mcq_session";

const session = async (context) => (await context.cookies(sso)).find(({ name }) => name === kSession);

async function atIdentity(page, path = "/") {
  await page.goto(sso + path);
  equal(new URL(page.url()).origin, identity, "where the login is");
}

/** Logs in up to the way back, which is not gone: its URL. */
async function callbackOf(page) {
  await atIdentity(page);
  let url = "";
  const form = `${identity}/sso/authorize`;
  await page.route(form, async (route) => {
    url = (await route.fetch({ maxRedirects: 0 })).headers().location;
    await route.fulfill({ contentType: "text/html", body: "held" });
  });
  await fillLogin(page, "alice");
  await page.getByText("held").waitFor();
  await page.unroute(form);
  holds(url.startsWith(`${sso}/sso/callback?`), `the way back is ${url}`);
  tellUrl(url);
  return url;
}

async function refuses(page, url) {
  const answer = await page.goto(url);
  equal(answer.status(), 400, "status");
  await helps(page);
}

async function helps(page) {
  holds((await page.locator("main").textContent()).includes("You could not be logged in."), "no word of what is wrong");
  equal(await page.getByRole("link", { name: "Log in again" }).count(), 1, "ways out");
}

await run(async (browser) => {
  await check("sso: log in at the other site, and come back to where one was", async () => {
    const { context, page, wrong } = await openPage(browser);
    await atIdentity(page, "/?q=somewhere");
    await fillLogin(page, "alice", wrongPassword());
    await page.getByRole("alert").waitFor();
    await fillLogin(page, "alice");
    await page.waitForURL(`${sso}/?q=somewhere`);
    const cookie = await session(context);
    equal([cookie.httpOnly, cookie.secure, cookie.sameSite, cookie.path].join(), "true,true,Lax,/");
    equal((await context.cookies(sso)).filter(({ name }) => name.includes("_sso_")).length, 0, "cookies of the login that stay");
    await page.getByRole("button", { name: /Log out/ }).click();
    await page.getByRole("heading", { name: "You are logged out" }).waitFor();
    equal(await session(context), undefined);
    await atIdentity(page);
    equal(wrong.join("; "), "");
    await context.close();
  });

  await check("sso: without scripts", async () => {
    const { context, page } = await openPage(browser, { javaScriptEnabled: false });
    await atIdentity(page);
    await fillLogin(page, "bob");
    await page.waitForURL(`${sso}/`);
    await context.close();
  });

  await check("sso: a way back that was gone once leads nowhere", async () => {
    const { context, page } = await openPage(browser);
    const url = await callbackOf(page);
    await page.goto(url);
    await page.waitForURL(`${sso}/`);
    await context.clearCookies({ name: kSession });
    await refuses(page, url);
    equal(await session(context), undefined);
    await page.getByRole("link", { name: "Log in again" }).click();
    equal(new URL(page.url()).origin, identity, "where the way out leads");
    await context.close();
  });

  await check("sso: an attacker's way back logs nobody else in", async () => {
    const attacker = await openPage(browser);
    const victim = await openPage(browser);
    const url = await callbackOf(attacker.page);
    await refuses(victim.page, url);
    equal(await session(victim.context), undefined, "session of one who had not begun");
    const begun = await callbackOf(victim.page);  // a login of their own is on the way
    await refuses(victim.page, url);
    const mixed = new URL(begun);
    mixed.searchParams.set("code", new URL(url).searchParams.get("code"));
    const answer = await victim.page.goto(mixed.href);
    equal(answer.status(), 400, "status with the attacker's code and a state of one's own");
    await helps(victim.page);
    equal(await session(victim.context), undefined);
    await attacker.context.close();
    await victim.context.close();
  });

  await check("sso: without a state, with another one, doubled, or too late, no session", async () => {
    const { context, page } = await openPage(browser);
    const url = new URL(await callbackOf(page));
    const { code, state } = Object.fromEntries(url.searchParams);
    for (const query of [`code=${code}`, `code=${code}&state=`, `code=${code}&state=${"A".repeat(43)}`, `state=${state}`, "",
      `code=${code}&state=${state}&state=${state}`, `code=${code}&state=${encodeURIComponent("<script>alert(1)</script>")}`]) {
      await refuses(page, `${sso}/sso/callback?${query}`);
      equal(await session(context), undefined, `session after ?${query}`);
    }
    // The browser gives the state up when its ten minutes are over.
    const late = await callbackOf(page);
    for (const { name } of await context.cookies(sso)) if (name.includes("_sso_")) await context.clearCookies({ name });
    await refuses(page, late);
    equal(await session(context), undefined);
    await context.close();
  });

  await check("sso: an error that the identity service brings back is a page", async () => {
    const { context, page } = await openPage(browser);
    await atIdentity(page);
    const state = new URL(page.url()).searchParams.get("state");
    const answer = await page.goto(`${sso}/sso/callback?error=access_denied&state=${state}`);
    holds(answer.status() >= 400 && answer.status() < 500, `status ${answer.status()}`);
    equal(await page.getByRole("link", { name: "Log in again" }).count(), 1);
    equal(await session(context), undefined);
    await context.close();
  });

  await check("sso: two tabs log in, each to where it was", async () => {
    const { context, page } = await openPage(browser);
    const other = await context.newPage();
    await atIdentity(page, "/?q=one");
    await atIdentity(other, "/?q=two");
    await fillLogin(page, "alice");
    await page.waitForURL(`${sso}/?q=one`);
    await fillLogin(other, "alice");
    await other.waitForURL(`${sso}/?q=two`);
    await page.reload();
    equal(await page.locator("h1").textContent(), "Reading queue");
    await context.close();
  });

  await check("sso: the back button brings no session back", async () => {
    const { context, page } = await openPage(browser);
    await atIdentity(page);
    const login = page.url();
    await fillLogin(page, "alice");
    await page.waitForURL(`${sso}/`);
    await page.getByRole("button", { name: /Log out/ }).click();
    await page.getByRole("heading", { name: "You are logged out" }).waitFor();
    while (page.url() !== login) holds(await page.goBack() !== null || page.url() === login, "the login is not in the history");
    await fillLogin(page, "alice");
    await page.waitForURL(/\/sso\/callback/);
    await helps(page);
    equal(await session(context), undefined);
    await context.close();
  });

  await check("sso: what is no path here is not returned to", async () => {
    const { context, page } = await openPage(browser);
    for (const wanted of ["//evil.test/", "/\\evil.test/", "https:evil.test", "/%2509/evil.test", "javascript:alert(1)"]) {
      await context.clearCookies({ name: kSession });
      await atIdentity(page, `/login?return_to=${encodeURIComponent(wanted)}`);
      await fillLogin(page, "alice");
      await page.waitForURL((url) => url.origin !== identity);
      equal(page.url(), `${sso}/`, `where ${wanted} leads`);
    }
    await context.close();
  });
});
