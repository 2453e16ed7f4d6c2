// What textual.js has to be told, and kept from, before it draws the terminal.
"use strict";

// Relative to the page: behind `ssh -L` the port is not the one that the server took.
const terminal = document.querySelector("#terminal");
terminal.dataset.sessionWebsocketUrl = new URL("ws", location.href).href.replace(/^http/, "ws");

// A click on an address in somebody's data set must not open it.
window.open = () => null;

// xterm.js measures its cells once: the fonts have to be there by then.
const begin = window.onload;
window.onload = async (event) => {
  const styles = ["16px", "bold 16px", "italic 16px", "italic bold 16px"];
  await Promise.all(styles.map((style) => document.fonts.load(`${style} "Roboto Mono"`)));
  begin(event);
};

// Keys go where they are wanted: to the terminal once it is connected, then to the button.
const again = document.querySelector(".ended button");
again.addEventListener("click", () => location.reload());
new MutationObserver(() => {
  const ended = document.body.classList.contains("-closed");
  (ended ? again : document.querySelector(".xterm-helper-textarea")).focus();
}).observe(document.body, { attributeFilter: ["class"] });
