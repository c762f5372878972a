"""The only room besides `pages/` that knows Streamlit: experiments, grids, quizzes, links and the sidebar.

A page opens a lesson (`lesson.py`), puts laboratories on it (`labs/`), and closes it. Nothing here computes images:
that is the engine's work, watched from a fragment (`runs.py`).
"""
