// Scripts in everything that a person or a program can write: none runs, wherever it is shown.
import { apiToken, check, direct, equal, find, holds, openPage, logIn, push, run, wrongPassword } from "./lib.mjs";

const kPayloads = [
  "<script>alert(1)</script>",
  "\"><script>alert(1)</script>",
  "'><img src=x onerror=alert(1)>",
  "<img src=x onerror=alert(1)>",
  "<svg onload=alert(1)>",
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)//",
  "\" onmouseover=\"alert(1)\" x=\"",
  "' autofocus onfocus='alert(1)",
  "</title><script>alert(1)</script>",
  "</textarea><script>alert(1)</script>",
  "<iframe srcdoc=\"<script>parent.alert(1)</script>\">",
  "<details open ontoggle=alert(1)>",
  "{{constructor.constructor('alert(1)')()}}",
  "${alert(1)}`-alert(1)-`",
  "<a href=\"data:text/html,<script>alert(1)</script>\">x</a>",
  "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
  "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
  "&lt;script&gt;alert(1)&lt;/script&gt;",
  "<!--><script>alert(1)</script>-->",
  "<div hx-get=/ hx-trigger=load hx-on:htmx:load=alert(1) hx-vals=js:{x:alert(1)}>",
  "]]><script>alert(1)</script><![CDATA[",
];

const bodyOf = (payload) => `${payload}

A paragraph: ${payload} and \`${payload.replaceAll("`", "")}\`

[a link](<${payload.replace(/[<>]/g, "")}> "${payload.replaceAll("\"", "&quot;")}") [another](${payload}) <${payload}>

![an image](${payload.replace(/[<>\s]/g, "")} "${payload}") ![${payload}](x)

[a reference][r] www.example.org/${payload}

[r]: <${payload.replace(/[<>]/g, "")}>

| ${payload} | b |
|---|---|
| ${payload.replaceAll("|", "")} | [x](${payload}) |

- [ ] ${payload}

\`\`\`cpp ${payload.replaceAll("`", "")}
${payload}
\`\`\`

\`\`\`${payload.replaceAll("`", "")}
${payload}
\`\`\`
`;

/** What in a page could run that is not ours. */
const strange = (page) => page.evaluate(() => {
  const found = [];
  for (const element of document.querySelectorAll("*")) {
    for (const { name, value } of element.attributes) {
      if (/^on|^hx-on|^srcdoc$|^style$/.test(name)) found.push(`${element.tagName} ${name}`);
      if (/^(href|src|action|formaction|data|xlink:href)$/.test(name) && /^\s*(javascript|data|vbscript)\s*:/i.test(value)) found.push(`${name}=${value}`);
      if (name.startsWith("hx-") && /^js:|javascript:/.test(value)) found.push(`${name}=${value}`);
    }
    if (["IFRAME", "OBJECT", "EMBED", "BASE", "MATH", "IMG", "STYLE"].includes(element.tagName)) found.push(element.tagName);
    if (element.tagName === "SCRIPT" && !(element.nonce && new URL(element.src).origin === location.origin)) found.push("SCRIPT");
  }
  return found.join(", ");
});

await run(async (browser) => {
  const token = await apiToken();
  const { page, wrong } = await openPage(browser);
  await logIn(page);

  /** Nothing in the page runs, or has tried to; what `shows` names has the text as it was written. */
  async function clean(payload, shows = null) {
    equal(await strange(page), "", `what is strange with ${payload}`);
    if (shows) holds((await page.locator(shows).first().textContent()).includes(payload), `the text is not shown as it is in ${shows}: ${payload}`);
    equal(wrong.splice(0).join("; "), "", payload);
  }
  const each = (name, body) => check(`no script runs ${name}`, async () => {
    for (const [index, payload] of kPayloads.entries()) await body(payload, index);
  });
  const titles = [];

  for (const [index, payload] of kPayloads.entries()) await push(token, `xss-${index}`, payload, bodyOf(payload));
  await push(token, "files", "Files with names");

  await check("no script runs in titles of the list and in names of buttons", async () => {
    await page.goto(`${direct}/?q=xss`);
    for (const payload of kPayloads) {
      const row = page.locator(".row", { has: page.getByRole("link", { name: payload, exact: true }) });
      titles.push(await row.count());
      await row.getByRole("button", { name: `Mark ${payload} as read` }).click();
      await row.getByRole("button", { name: `Mark ${payload} as unread` }).waitFor();
      await clean(payload);
    }
    equal(titles.join(), kPayloads.map(() => 1).join(), "rows of each title");
  });
  await each("in the title, the text, the links, tables and code of a document, in the window's title and in the dialog", async (payload, index) => {
    await page.goto(`${direct}/documents/xss-${index}`);
    holds((await page.title()).includes(payload.trim().replace(/\s+/g, " ")), "no title of the window");
    for (const link of await page.locator(".text a").all()) await link.dispatchEvent("mouseover");
    await clean(payload, "h1");
    await clean(payload, ".text pre");
    await page.getByText("Change this document").click();
    await page.getByRole("link", { name: "Delete document" }).click();
    await clean(payload, "dialog h2");
  });
  await each("in what is searched", async (payload) => {
    await page.goto(`${direct}/?q=${encodeURIComponent(payload)}`);
    equal(await page.locator("#q").inputValue(), payload);
    await clean(payload);
  });
  await page.goto(`${direct}/`);
  await each("in what is searched as one types", async (payload) => {
    const answered = page.waitForResponse((answer) => answer.url().includes("?q="));
    await page.locator("#q").fill(payload);
    await answered;
    await clean(payload);
  });
  await check("no script runs in links of the list's pages, and in hidden fields", async () => {
    for (let i = 0; i < 31; ++i) await push(token, `many-${i}`, "Alert 1 script img", kPayloads.join(" "));
    for (const payload of kPayloads) {
      const [word] = payload.match(/[a-z0-9]{3,}/i);
      await page.goto(`${direct}/?q=${encodeURIComponent(`${payload} ${word}`)}`);
      const link = page.getByRole("link", { name: "Next" });
      equal(new URL(await link.getAttribute("href"), direct).searchParams.get("q"), `${payload} ${word}`, "what the link searches");
      await clean(payload);
    }
  });
  await check("no script runs in names of attachments, and in files that are opened", async () => {
    // As browsers send a name (HTML §4.10.22.8), and without what is no part of one.
    const names = kPayloads.map((payload, index) => `${index} ${payload.replaceAll("/", "").split("\\").pop()}`);
    await page.goto(`${direct}/documents/files`);
    await page.getByText("Change this document").click();
    await page.getByLabel("Attach files").setInputFiles(names.map((name) => ({ name, mimeType: "text/html", buffer: Buffer.from("<script>alert(1)</script>") })));
    await page.getByRole("button", { name: "Attach", exact: true }).click();
    await page.locator(".flash", { hasText: "attached" }).waitFor();
    const links = await page.locator(".files a[download]").all();
    const shown = await Promise.all(links.map((link) => link.textContent()));
    equal(shown.sort().join("\n"), names.map((name) => name.replaceAll("\"", "%22")).sort().join("\n"), "names");
    await clean("names");
    const [download] = await Promise.all([page.waitForEvent("download"), links[0].click()]);
    await download.cancel();
    for (const link of await page.locator(".files a.button").evaluateAll((all) => all.map(({ href }) => href))) {
      await page.goto(link);
      holds((await page.locator("h1").textContent()).startsWith("Delete “"), "the page does not ask");
      await clean(link);
    }
  });
  await each("in the page that asks, and in the message when it is done", async (payload, index) => {
    await page.goto(`${direct}/documents/xss-${index}/delete`);
    await clean(payload, "h1");
    await page.getByRole("button", { name: "Delete" }).click();
    await page.locator(".flash").waitFor();
    await clean(payload, ".flash");
    equal((await find(token, `xss-${index}`)).status, 404);
  });
  await each("in a path that is nowhere", async (payload) => {
    await page.goto(`${direct}/documents/${encodeURIComponent(payload)}`);
    await clean(payload);
  });

  await page.context().clearCookies();
  await each("in where a login returns to, and in the name that it shows again", async (payload) => {
    await page.goto(`${direct}/login?return_to=${encodeURIComponent(`/?q=${payload}`)}`);
    await page.getByLabel("User name").fill(payload);
    await page.getByLabel("Password").fill(wrongPassword());
    await Promise.all([page.waitForResponse((answer) => answer.request().method() === "POST"), page.getByRole("button", { name: "Log in" }).click()]);
    await page.getByRole("alert").waitFor();
    equal(await page.getByLabel("User name").inputValue(), payload);
    await clean(payload);
  });
});
