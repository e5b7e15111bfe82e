// What a person does every day, by mouse and with scripts.
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { api, apiToken, check, direct, equal, fillLogin, find, holds, logIn, oneTimeCode, openPage, passwords, push, run, setting,
  wrongPassword } from "./lib.mjs";

const kRows = 50;  // more than a page has

await run(async (browser) => {
  const token = await apiToken();
  for (const [slug, title] of [["alpha", "Alpha and beginnings"], ["beta", "Beta, the second"], ["gamma", "Gamma rays"]]) {
    await push(token, slug, title, `# ${title}\n\nA text about ${slug}.\n`);
  }
  const { page, wrong } = await openPage(browser);
  const flash = () => page.locator(".flash").textContent();

  await check("a page asks to log in first and is shown then", async () => {
    await page.goto(`${direct}/documents/beta`);
    equal(new URL(page.url()).pathname, "/login");
    await fillLogin(page, "alice", wrongPassword());
    holds((await page.getByRole("alert").textContent()).includes("Wrong user name"), "nobody is told of a wrong password");
    equal(await page.getByLabel("User name").inputValue(), "alice");
    await fillLogin(page, "alice");
    await page.waitForURL(`${direct}/documents/beta`);
    equal(await page.locator("h1").textContent(), "Beta, the second");
  });

  await check("an account with a second factor needs its code", async () => {
    const other = await openPage(browser);
    await other.page.goto(`${direct}/login`);
    await fillLogin(other.page, "root");
    await other.page.getByRole("alert").waitFor();
    await fillLogin(other.page, "root", passwords.root, oneTimeCode(1));  // that of this moment is spent
    await other.page.waitForURL(`${direct}/`);
    await other.context.close();
  });

  await check("a document is marked in the list without a reload, and unread again", async () => {
    await page.goto(`${direct}/`);
    await page.evaluate(() => { window.stays = true; });
    const summary = page.locator("#summary");
    const before = Number.parseInt(await summary.textContent(), 10);
    await page.getByRole("button", { name: "Mark Gamma rays as read" }).click();
    await page.getByRole("button", { name: "Mark Gamma rays as unread" }).waitFor();
    equal(await summary.textContent(), `${before - 1} unread`);
    equal(await page.evaluate(() => document.activeElement.id), "mark-gamma", "what has the focus");
    equal((await find(token, "gamma")).body.read, true);
    await page.getByRole("button", { name: "Mark Gamma rays as unread" }).click();
    await page.getByRole("button", { name: "Mark Gamma rays as read" }).waitFor();
    equal(await summary.textContent(), `${before} unread`);
    equal(await page.evaluate(() => window.stays), true, "the page");
  });

  await check("the list is searched as one types", async () => {
    await page.goto(`${direct}/`);
    await page.evaluate(() => { window.stays = true; });
    await page.getByRole("searchbox").pressSequentially("gam", { delay: 20 });
    await page.locator("#summary", { hasText: "1 found" }).waitFor();
    equal(await page.locator(".row").count(), 1, "rows");
    equal(new URL(page.url()).search, "?q=gam");
    await page.getByRole("searchbox").fill("nothing so");
    await page.getByText("No document has words that begin so.").waitFor();
    await page.getByRole("searchbox").fill("");
    await page.locator(".row").nth(2).waitFor();
    equal(await page.evaluate(() => window.stays), true, "the page");
  });

  await check("a document is read and marked, and the next one offered", async () => {
    await page.goto(`${direct}/`);
    await page.getByRole("link", { name: "Alpha and beginnings" }).click();
    await page.waitForURL(`${direct}/documents/alpha`);
    holds((await page.locator(".text").textContent()).includes("A text about alpha."), "the text is not there");
    equal(await page.locator("h1").count(), 1, "headings that repeat the title");
    holds(await page.locator(".next").isVisible(), "nothing to read next");
    await page.getByRole("button", { name: "Mark as read" }).click();
    await page.waitForURL(`${direct}/`);
    equal(await flash(), "“Alpha and beginnings” is marked as read.");
  });

  const file = join(setting.folder, "large file.bin");
  writeFileSync(file, Buffer.alloc(48 << 20, 7));

  await check("a document and a large file are uploaded, and one sees how far", async () => {
    await page.goto(`${direct}/upload`);
    await page.getByLabel("Markdown file").setInputFiles({ name: "x.md", mimeType: "text/markdown",
      buffer: Buffer.from("# Uploaded by hand\n\n```cpp\nint main() {}\n```\n") });
    await page.getByLabel("Attachments").setInputFiles(file);
    const seen = await page.evaluateHandle(() => {
      const values = [];
      const bar = document.querySelector("progress");
      new MutationObserver(() => values.push(bar.value)).observe(document.querySelector(".progress"), { subtree: true, childList: true, attributes: true });
      addEventListener("pagehide", () => sessionStorage.setItem("seen", JSON.stringify(values)));
      return values;
    });
    await page.getByRole("button", { name: "Add to the queue" }).click();
    await page.waitForURL(`${direct}/documents/uploaded-by-hand`);
    equal(await flash(), "“Uploaded by hand” is in the queue.");
    holds((await page.locator(".files").textContent()).includes("48 MiB"), "the file is not there");
    const values = await page.evaluate(() => JSON.parse(sessionStorage.getItem("seen")));
    holds(values.some((value) => value > 0 && value < 100), `the bar never stood between its ends: ${values}`);
    equal(await page.locator(".text .h-t").first().textContent(), "int", "what is highlighted");
    await seen.dispose();
  });

  await check("an upload that is refused says why, and the form stays", async () => {
    await page.goto(`${direct}/upload`);
    await page.getByLabel("or its text").fill("text");
    await page.getByLabel("Title", { exact: true }).fill("Alpha");
    await page.getByLabel("Address", { exact: true }).fill("alpha");
    await page.getByRole("button", { name: "Add to the queue" }).click();
    await page.locator(".problem", { hasText: "there is a document at the address alpha" }).waitFor();
    equal(await page.getByLabel("or its text").inputValue(), "text");
    await page.getByLabel("Replace the document").check();
    await page.getByRole("button", { name: "Add to the queue" }).click();
    await page.waitForURL(`${direct}/documents/alpha`);
  });

  await check("an attachment comes back as it was, and is deleted", async () => {
    await page.goto(`${direct}/documents/uploaded-by-hand`);
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "large file.bin", exact: true }).click()]);
    equal(download.suggestedFilename(), "large file.bin");
    const { statSync } = await import("node:fs");
    equal(statSync(await download.path()).size, 48 << 20, "bytes");
    await page.getByRole("link", { name: "Delete large file.bin" }).click();
    await page.getByRole("button", { name: "Delete" }).click();
    await page.waitForURL(`${direct}/documents/uploaded-by-hand`);
    equal(await flash(), "“large file.bin” is deleted.");
    equal(await page.locator(".files").count(), 0);
  });

  await check("deleting asks in a dialog, and can be called off", async () => {
    await page.goto(`${direct}/documents/beta`);
    await page.getByText("Change this document").click();
    await page.getByRole("link", { name: "Delete document" }).click();
    const dialog = page.getByRole("dialog", { name: "Delete “Beta, the second”?" });
    await dialog.waitFor();
    equal(await page.evaluate(() => document.activeElement.textContent), "Keep", "what has the focus");
    await dialog.getByRole("button", { name: "Keep" }).click();
    await dialog.waitFor({ state: "hidden" });
    await page.getByRole("link", { name: "Delete document" }).click();
    await dialog.getByRole("button", { name: "Delete" }).click();
    await page.waitForURL(`${direct}/`);
    equal(await flash(), "“Beta, the second” is deleted.");
    equal((await find(token, "beta")).status, 404);
  });

  await check("others' documents show no way to change them, and a page says that there is none", async () => {
    const other = await openPage(browser);
    await logIn(other.page, "bob");
    await other.page.goto(`${direct}/documents/alpha`);
    equal(await other.page.getByText("Change this document").count(), 0);
    equal((await other.page.goto(`${direct}/documents/alpha/delete`)).status(), 403);
    holds((await other.page.locator("main").textContent()).includes("only an administrator or who pushed it"), "no reason");
    await other.context.close();
  });

  for (let i = 0; i < kRows; ++i) await push(token, `row-${i}`, `Row ${i} of a list that is long enough to be turned`);

  await check("the list has pages that are turned both ways", async () => {
    await page.goto(`${direct}/`);
    const first = await page.locator(".row .title").allTextContents();
    await page.getByRole("link", { name: "Next" }).click();
    await page.waitForURL(/at=/);
    const second = await page.locator(".row .title").allTextContents();
    holds(!second.some((title) => first.includes(title)), "the pages overlap");
    await page.getByRole("link", { name: "Previous" }).click();
    await page.waitForLoadState();
    equal((await page.locator(".row .title").allTextContents()).join(), first.join(), "the first page");
  });

  await check("an answer that is an error is told in the page that asked", async () => {
    await page.goto(`${direct}/`);
    const row = page.locator(".row").first();
    const slug = (await row.getByRole("link").getAttribute("href")).split("/").pop();
    equal((await api("DELETE", `/v1/documents/${slug}`, null, token)).status, 204);
    await row.getByRole("button").click();
    await page.locator(".flash.bad", { hasText: "no such document" }).waitFor();
  });

  await check("logging out ends the session", async () => {
    await page.goto(`${direct}/`);
    await page.getByRole("button", { name: /Log out/ }).click();
    await page.getByRole("heading", { name: "You are logged out" }).waitFor();
    await page.goto(`${direct}/`);
    equal(new URL(page.url()).pathname, "/login");
    await page.goBack();
    equal(await page.locator(".row").count(), 0, "rows that the back button shows");
  });

  await check("nothing of this broke a policy, failed in a script or opened a dialog of the browser", async () => equal(wrong.join("; "), ""));
});
