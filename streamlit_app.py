"""The router: `streamlit run streamlit_app.py`.

Streamlit reads this file in two ways. It imports it once and finds `app`: the web application, whose start warms the
engine. And it runs it as a script at every visit: page config, navigation, sidebar, and the page.
"""

import streamlit as st

if __name__ == "__main__":
    from dashboard.ui import router

    router.run()
else:
    from dashboard.ui import server

    app = st.App(__file__, lifespan=server.lifespan, middleware=server.MIDDLEWARE)
