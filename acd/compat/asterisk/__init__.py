"""Asterisk app_queue: members with penalties, a caller who tries them one attempt after the other."""
