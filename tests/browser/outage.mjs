// The identity service goes away, and comes back.
import { api, apiToken, check, direct, equal, fillLogin, find, holds, openPage, passwords, please, push, run, sso, wrongPassword } from "./lib.mjs";

const kSites = [["a session of its own login", direct], ["a session of single sign-on", sso]];

await run(async (browser) => {
  const token = await apiToken();
  await push(token, "kept", "To be kept");
  const { context, page, wrong } = await openPage(browser);
  const cookie = async (origin) => (await context.cookies(origin)).find(({ name }) => name === "__Host-mcq_session")?.value;
  const before = {};
  for (const [, origin] of kSites) {
    await page.goto(`${origin}/login`);
    await fillLogin(page, "alice");
    await page.waitForURL(`${origin}/`);
    before[origin] = await cookie(origin);
  }
  const open = await context.newPage();
  await open.goto(`${direct}/`);
  const stranger = await openPage(browser);
  await stranger.page.goto(`${direct}/login`);

  // mcq believes for half a minute what it was told of a session: one that starts anew has been told nothing.
  await please("restart mcq");
  await please("stop the identity service");

  for (const [name, origin] of kSites) {
    await check(`an outage is a page that says so, and the session stays: ${name}`, async () => {
      for (const path of ["/", "/documents/kept", "/upload"]) {
        const answer = await page.goto(origin + path);
        equal(answer.status(), 503, `status of ${path}`);
        equal(answer.request().redirectedFrom(), null, "what led here");
        equal(page.url(), origin + path, "where one is");
        holds(answer.headers()["retry-after"], "nobody is told when to come again");
        holds((await page.locator("main").textContent()).includes("You are still logged in: try again in a moment."), "no word of what is wrong");
        equal(await page.getByLabel("Password").count(), 0, "passwords that are asked for");
      }
      equal(await cookie(origin), before[origin], "the session's cookie");
    });
  }

  await check("during an outage a page that is open changes nothing, and says why", async () => {
    await open.getByRole("button", { name: "Mark To be kept as read" }).click();
    await open.locator(".flash.bad").waitFor();
    holds((await open.locator(".flash.bad").textContent()).includes("The identity service does not answer."), "no word of what is wrong");
  });

  await check("during an outage a login keeps the name, never the password, and says why", async () => {
    const password = wrongPassword();
    const answered = stranger.page.waitForResponse((answer) => answer.request().method() === "POST");
    await fillLogin(stranger.page, "bob", password, "123 456");
    const answer = await answered;
    equal(answer.status(), 503, "status");
    equal(await stranger.page.getByRole("alert").textContent(), "The identity service does not answer. Try again in a moment.");
    equal(await stranger.page.getByLabel("User name").inputValue(), "bob");
    for (const label of [/Password/, /code/i]) equal(await stranger.page.getByLabel(label).inputValue(), "", `what ${label} has`);
    const page = await answer.text();
    holds(!page.includes(password) && !page.includes("123 456"), "the page has what was typed");
    equal((await stranger.context.cookies(direct)).filter(({ name }) => name === "__Host-mcq_session").length, 0, "sessions");
  });

  await check("during an outage programs are told, and not that their token is wrong", async () => {
    equal((await api("GET", "/v1/documents", null, token)).status, 503);
  });

  await please("start the identity service");

  for (const [name, origin] of kSites) {
    await check(`after an outage the page is there without a new login: ${name}`, async () => {
      const answer = await page.goto(`${origin}/`);
      equal(answer.status(), 200, "status");
      equal(await page.locator("h1").textContent(), "Reading queue");
      holds((await page.getByRole("button", { name: /Log out/ }).textContent()).includes("alice"), "it is another's session");
    });
  }

  await check("after an outage what was open and what was typed go on", async () => {
    equal((await find(token, "kept")).body.read, false);
    await open.getByRole("button", { name: "Mark To be kept as read" }).click();
    await open.getByRole("button", { name: "Mark To be kept as unread" }).waitFor();
    await stranger.page.getByLabel("Password").fill(passwords.bob);
    await stranger.page.getByRole("button", { name: "Log in" }).click();
    await stranger.page.waitForURL(`${direct}/`);
  });

  await check("nothing of this broke a policy or failed in a script", async () => {
    // Chromium comes for a page's icon when it likes: maybe while mcq is between two lives.
    equal([...wrong, ...stranger.wrong].filter((what) => !/ERR_CONNECTION_REFUSED.*\/static\/icon/.test(what)).join("; "), "");
  });
});
