"""Here so that pytest finds regatta_asyncio from wherever it is started."""
