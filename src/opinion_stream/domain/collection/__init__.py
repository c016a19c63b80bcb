"""Collection (监测收集): untrusted records become clean, masked, pseudonymous mentions, or rejections with a reason."""
