"""The hosted-email API that Enom's mail runs on [D]: services, quota, usage, sign-in."""
