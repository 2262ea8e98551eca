/** What the webview runs. */
import "./styles/panel.css";
import { registerControls } from "./toolkit.js";
import "./panel.js";

registerControls();
