"""The TeleLink service: domains side by side, web help, persistence."""

import os

# ONNX Runtime 1.31 otherwise writes a device id below the home folder and prepares to send usage data.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
