/** The panel's HTML document. */

export interface PanelPage {
  /** Random for each document; what carries it may run. */
  nonce: string;
  /** `webview.cspSource`. */
  cspSource: string;
  scriptUri: string;
  styleUri: string;
}

function attribute(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll('"', "&quot;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}

/**
 * The document: one script, one style sheet, and nothing else may load. Styles that the components adopt are
 * constructed in the script, which the policy does not touch; the controls make one style element to try the
 * browser with, and find the nonce for it in the page's `csp-nonce`.
 */
export function panelHtml({ nonce, cspSource, scriptUri, styleUri }: PanelPage): string {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${cspSource} 'nonce-${nonce}'`,
    `font-src ${cspSource}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${attribute(policy)}">
<meta property="csp-nonce" content="${attribute(nonce)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Grantwalk</title>
<link rel="stylesheet" href="${attribute(styleUri)}">
</head>
<body>
<grantwalk-panel></grantwalk-panel>
<script type="module" nonce="${attribute(nonce)}" src="${attribute(scriptUri)}"></script>
</body>
</html>
`;
}
