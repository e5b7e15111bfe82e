// Every page on a phone and on a desk, light and dark: pictures for people, axe-core's rules, and nothing wider than the
// narrowest phone.
import { readFileSync } from "node:fs";

import { api, apiToken, check, direct, equal, find, identity, logIn, openPage, picture, push, readme, run, sso } from "./lib.mjs";

const axe = readFileSync(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const kSizes = { phone: { width: 390, height: 844 }, desk: { width: 1280, height: 900 } };
const kNarrowest = { width: 320, height: 640 };

const kForms = `# Forms of a text

A paragraph with *emphasis*, **weight**, \`code\`, ~~what is gone~~ and a [link](https://example.org/a-long-path).

> A quotation that goes on for a while, so that one sees how it is set beside the text around it.

- [x] done
- [ ] to do

1. first
2. second
   - within

| column | another | a third one |
|---|:-:|--:|
| a | b | 12.5 |
| a-word-that-does-not-break-anywhere-and-is-long | c | 3 |

\`\`\`python
def area(radius: float) -> float:
    """Of a circle."""
    return 3.14159 * radius ** 2  # close enough for this
\`\`\`

\`\`\`sql
SELECT slug, title FROM documents WHERE read = 0 ORDER BY pushed_at DESC -- what is left
\`\`\`

---

![a picture](https://example.org/picture.png)
`;

async function serious(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
}

await run(async (browser) => {
  const token = await apiToken();
  await push(token, "readme", "MCDSL in C++", readme());
  await push(token, "forms", "Forms of a text", kForms);
  await push(token, "long", "A title that is long enough to go over two lines on a desk and over many more on a phone, with a-word-that-does-not-break-anywhere-and-is-longer-than-the-phone-is-wide");
  await push(token, "how-it-is-built", "How it is built");
  await api("POST", "/v1/documents/how-it-is-built/read", null, token);
  equal((await find(token, "how-it-is-built")).body.read, true);

  const anonymous = {
    login: async (page) => { await page.goto(`${direct}/login`); },
    "logged-out": async (page) => { await page.goto(`${direct}/logged-out`); },
    identity: async (page) => { await page.goto(`${sso}/login`); equal(new URL(page.url()).origin, identity); },
  };
  const known = {
    list: async (page) => { await page.goto(`${direct}/?q=t`); },
    empty: async (page) => { await page.goto(`${direct}/?q=zebra`); },
    readme: async (page) => { await page.goto(`${direct}/documents/readme`); },
    forms: async (page) => { await page.goto(`${direct}/documents/forms`); await page.getByText("Change this document").click(); },
    long: async (page) => { await page.goto(`${direct}/documents/long`); },
    upload: async (page) => { await page.goto(`${direct}/upload`); },
    marked: async (page) => { await page.goto(`${direct}/documents/how-it-is-built`); await page.locator(".actions button").click(); },
    delete: async (page) => { await page.goto(`${direct}/documents/forms/delete`); },
    dialog: async (page) => { await page.goto(`${direct}/documents/forms`); await page.getByText("Change this document").click(); await page.getByRole("link", { name: "Delete document" }).click(); },
    "not-found": async (page) => { await page.goto(`${direct}/documents/nowhere`); },
  };
  for (const colorScheme of ["light", "dark"]) {
    const { context, page } = await openPage(browser, { colorScheme });
    const look = async (views) => {
      for (const [name, open] of Object.entries(views)) {
        await check(`${name}, ${colorScheme}: no serious finding of axe-core, nothing wider than a phone`, async () => {
          await page.setViewportSize(kSizes.desk);
          await open(page);
          for (const [size, viewport] of Object.entries(kSizes)) {
            await page.setViewportSize(viewport);
            await page.screenshot({ path: picture(`${name}-${size}-${colorScheme}`), fullPage: name !== "dialog" });
          }
          await page.setViewportSize(kNarrowest);
          equal(await page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)), 0, "what is too wide, in pixels,");
          equal((await serious(page)).join("; "), "", "axe-core's finding");
        });
      }
    };
    await look(anonymous);
    await logIn(page);
    await look(known);
    await context.close();
  }
});
