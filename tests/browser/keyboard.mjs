// Everything by keyboard alone.
import { apiToken, check, direct, equal, find, holds, openPage, passwords, push, run } from "./lib.mjs";

await run(async (browser) => {
  const token = await apiToken();
  await push(token, "keys", "Zz by keyboard", "text\n\n```\nwide\n```\n");
  const { page } = await openPage(browser);
  const press = (...keys) => keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
  const focused = () => page.evaluate(() => {
    const { tagName, id, textContent, value } = document.activeElement;
    const style = getComputedStyle(document.activeElement);
    return { tagName, id, text: (textContent || value || "").trim().replace(/\s+/g, " "), outlined: style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) >= 2 };
  });
  const tabTo = async (text) => {
    for (let i = 0; i < 200; ++i) {
      await press("Tab");
      const at = await focused();
      if (at.tagName === "BODY") break;
      holds(at.outlined, `the focus does not show at ${at.tagName} ${at.text}`);
      if (at.text.startsWith(text) || at.id === text) return;
    }
    throw new Error(`Tab does not come to ${text}`);
  };

  await check("by keyboard: log in", async () => {
    await page.goto(`${direct}/login?return_to=/%3Fq=zz`);
    equal((await focused()).id, "username", "what has the focus");
    await page.keyboard.type("alice");
    await press("Tab");
    await page.keyboard.type(passwords.alice);
    await press("Enter");
    await page.waitForURL(`${direct}/?q=zz`);
  });

  await check("by keyboard: skip to the content", async () => {
    await page.goto(`${direct}/?q=zz`);
    await press("Tab");
    equal((await focused()).text, "Skip to the content");
    holds(await page.locator(".skip").evaluate((link) => link.getBoundingClientRect().top >= 0), "the link does not show");
    await press("Enter", "Tab");
    equal((await focused()).id, "q", "what comes behind the link");
  });

  await check("by keyboard: mark, open, unmark", async () => {
    await page.goto(`${direct}/?q=zz`);
    await tabTo("mark-keys");
    await press("Enter");
    await page.getByRole("button", { name: "Mark Zz by keyboard as unread" }).waitFor();
    equal((await focused()).id, "mark-keys", "what has the focus");
    await press("Shift+Tab", "Enter");
    await page.waitForURL(`${direct}/documents/keys`);
    await tabTo("Mark as unread");
    await press("Enter");
    await page.waitForURL(`${direct}/`);
    equal((await find(token, "keys")).body.read, false);
  });

  await check("by keyboard: delete, in a dialog that holds the focus and gives it back", async () => {
    await page.goto(`${direct}/documents/keys`);
    await tabTo("Change this document");
    await press("Enter");
    await tabTo("Delete document");
    await press("Enter");
    await page.getByRole("dialog").waitFor();
    equal((await focused()).text, "Keep");
    await press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    equal((await focused()).text, "Delete document", "where the focus goes back to");
    await press("Enter");
    await page.getByRole("dialog").waitFor();
    await press("Shift+Tab");
    equal((await focused()).text, "Delete");
    await press("Enter");
    await page.waitForURL(`${direct}/`);
    equal((await find(token, "keys")).status, 404);
  });

  await check("by keyboard: log out", async () => {
    await tabTo("Log out");
    await press("Enter");
    await page.getByRole("heading", { name: "You are logged out" }).waitFor();
  });
});
