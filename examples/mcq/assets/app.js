// What pages do more of with a script. Without it every form and link here works as it stands.
"use strict";

// A link to a page that asks becomes a dialog.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    event.preventDefault();
    document.getElementById(opener.dataset.dialog).showModal();
  } else if (event.target.closest("[data-close]")) {
    event.target.closest("dialog").close();
  }
});

const kUnits = ["B", "KiB", "MiB", "GiB"];

function sizeText(bytes) {
  let unit = 0;
  while (bytes >= 1024 && unit + 1 < kUnits.length) {
    bytes /= 1024;
    unit += 1;
  }
  return `${bytes.toFixed(unit > 0 && bytes < 10 ? 1 : 0)} ${kUnits[unit]}`;
}

// Why an answer is none that was hoped for, in words.
function problemOf(request) {
  try {
    return JSON.parse(request.responseText).error;
  } catch {
    return request.status ? `The server answered ${request.status}.` : "The connection broke off. What was sent is not kept.";
  }
}

// A form with files is sent here, so that one sees how far it has come.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.hasAttribute("data-upload")) return;
  event.preventDefault();
  const [box, problem] = [form.querySelector(".progress"), form.querySelector(".problem")];
  const [bar, text] = [box.querySelector("progress"), box.querySelector("p")];
  const buttons = form.querySelectorAll("button");
  const busy = (is) => {
    box.hidden = !is;
    for (const button of buttons) button.disabled = is;
  };
  const fields = new FormData(form);
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("X-CSRF-Token", fields.get("csrf_token"));
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    bar.value = (100 * loaded) / total;
    text.textContent = loaded < total ? `${sizeText(loaded)} of ${sizeText(total)}` : "All sent; the server stores it.";
  });
  request.addEventListener("loadend", () => {
    const place = request.getResponseHeader("Location");
    if (request.status === 201 && place) {
      location.assign(place);
      return;
    }
    busy(false);
    problem.textContent = problemOf(request);
  });
  problem.textContent = "";
  bar.value = 0;
  text.textContent = "Sending";
  busy(true);
  request.send(fields);
});

// htmx leaves the page as it is where an answer is an error: that is to be said.
function say(text) {
  const message = document.createElement("p");
  message.className = "flash bad";
  message.setAttribute("role", "alert");
  message.textContent = text;
  const main = document.getElementById("main");
  main.querySelector(":scope > .flash")?.remove();
  main.prepend(message);
}

document.addEventListener("htmx:responseError", ({ detail: { xhr } }) => {
  const told = new DOMParser().parseFromString(xhr.responseText, "text/html").body.textContent.trim();
  say(told || `The server answered ${xhr.status}.`);
});
document.addEventListener("htmx:sendError", () => say("The server cannot be reached."));
