/** What the webview runs. */
import "./styles/panel.css";
import { keepFocus } from "./interaction/keep-focus.js";
import { registerControls } from "./toolkit.js";
import "./panel.js";

registerControls();
keepFocus();
