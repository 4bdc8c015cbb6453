#!/usr/bin/env node
// biome-ignore lint/style/noRestrictedImports: this file is there before anything is built, which npm needs to link it.
import '../dist/src/create-sf-app.js';
