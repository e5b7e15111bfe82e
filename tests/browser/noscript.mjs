// The same without JavaScript.
import { apiToken, check, direct, equal, fillLogin, find, holds, openPage, push, run } from "./lib.mjs";

await run(async (browser) => {
  const token = await apiToken();
  for (const slug of ["plain-a", "plain-b"]) await push(token, slug, `Title of ${slug}`, `# Title of ${slug}\n\nread without scripts\n`);
  const { page, wrong } = await openPage(browser, { javaScriptEnabled: false });
  const flash = () => page.locator(".flash").textContent();

  await check("without scripts: log in", async () => {
    await page.goto(`${direct}/?q=plain`);
    await fillLogin(page, "alice");
    await page.waitForURL(`${direct}/?q=plain`);
    equal(await page.locator(".row").count(), 2);
  });

  await check("without scripts: search", async () => {
    await page.goto(`${direct}/`);
    await page.getByRole("searchbox").fill("plain-b");
    await page.getByRole("button", { name: "Search" }).click();
    await page.waitForURL(/q=plain-b/);
    equal(await page.locator("#summary").textContent(), "1 found");
  });

  await check("without scripts: mark, and stay where one was", async () => {
    await page.goto(`${direct}/?q=plain`);
    await page.getByRole("button", { name: "Mark Title of plain-a as read" }).click();
    await page.waitForURL(`${direct}/?q=plain`);
    equal(await flash(), "“Title of plain-a” is marked as read.");
    equal((await find(token, "plain-a")).body.read, true);
  });

  await check("without scripts: read, mark, unmark", async () => {
    await page.getByRole("link", { name: "Title of plain-b" }).click();
    holds((await page.locator(".text").textContent()).includes("read without scripts"), "no text");
    await page.getByRole("button", { name: "Mark as read" }).click();
    await page.waitForURL(`${direct}/`);
    await page.goto(`${direct}/documents/plain-b`);
    await page.getByRole("button", { name: "Mark as unread" }).click();
    await page.waitForURL(`${direct}/`);
    equal((await find(token, "plain-b")).body.read, false);
  });

  await check("without scripts: upload a document with a file", async () => {
    await page.goto(`${direct}/upload`);
    await page.getByLabel("Title", { exact: true }).fill("Plain upload");
    await page.getByLabel("or its text").fill("one\ntwo");
    await page.getByLabel("Attachments").setInputFiles({ name: "ä file.txt", mimeType: "text/plain", buffer: Buffer.alloc(3 << 20, "x") });
    await page.getByRole("button", { name: "Add to the queue" }).click();
    await page.waitForURL(`${direct}/documents/plain-upload`);
    equal((await find(token, "plain-upload")).body.body, "one\ntwo");
    holds((await page.locator(".files").textContent()).includes("ä file.txt"), "no attachment");
  });

  await check("without scripts: an error is a page with a reason", async () => {
    await page.goto(`${direct}/upload`);
    await page.getByRole("button", { name: "Add to the queue" }).click();
    await page.getByText("the document has no text").waitFor();
  });

  await check("without scripts: attach, and delete the file and the document on pages that ask", async () => {
    await page.goto(`${direct}/documents/plain-upload`);
    await page.getByText("Change this document").click();
    await page.getByLabel("Attach files").setInputFiles({ name: "b.txt", mimeType: "text/plain", buffer: Buffer.from("b") });
    await page.getByRole("button", { name: "Attach", exact: true }).click();
    equal(await flash(), "The file is attached.");
    await page.getByRole("link", { name: "Delete b.txt" }).click();
    await page.getByRole("button", { name: "Delete" }).click();
    equal(await flash(), "“b.txt” is deleted.");
    await page.getByText("Change this document").click();
    await page.getByRole("link", { name: "Delete document" }).click();
    await page.waitForURL(`${direct}/documents/plain-upload/delete`);
    await page.getByRole("button", { name: "Delete" }).click();
    await page.waitForURL(`${direct}/`);
    equal((await find(token, "plain-upload")).status, 404);
  });

  await check("without scripts: log out", async () => {
    await page.getByRole("button", { name: /Log out/ }).click();
    await page.getByRole("heading", { name: "You are logged out" }).waitFor();
  });

  await check("without scripts: nothing broke a policy", async () => equal(wrong.join("; "), ""));
});
