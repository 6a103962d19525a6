"""Notifications in words: subject, text, HTML and cards, by templates that can show no more than their reader may see."""
