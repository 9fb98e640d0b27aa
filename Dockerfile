# SER Studio in a container: the app (default), or the service with --target service. docs/deployment.md says how to
# build and run it, which folders must be writable, and what of this was checked.
FROM python:3.11-slim AS packages
# More for pip: another index for a build of torch without CUDA, or "--no-index --find-links /source/wheels" for the
# folder that `make wheels` filled.
ARG PIP_ARGS=""
RUN python -m venv /opt/venv
RUN --mount=type=bind,target=/source \
    cd /source && /opt/venv/bin/python -m pip install --no-cache-dir ${PIP_ARGS} \
    -r requirements-encoders.txt -r requirements-live.txt

FROM python:3.11-slim AS base
RUN useradd --uid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin ser \
    && install -d -o ser -g ser /data
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY .streamlit .streamlit
COPY models models
COPY pages pages
COPY scripts scripts
COPY ser_core ser_core
COPY app.py LICENSE README.md ./
# What is kept lies in /data, everything else that is written in /tmp: the rest may be read-only.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    OMP_NUM_THREADS=1 \
    OPENBLAS_NUM_THREADS=1 \
    HOME=/tmp \
    HF_HOME=/data/hub \
    SER_DATA=/data/corpora \
    SER_RUNS=/data/runs \
    SER_CACHE=/data/cache \
    NUMBA_CACHE_DIR=/tmp/numba
# What librosa compiles on its first use is compiled here and copied at the start, for numba writes beside it.
RUN NUMBA_CACHE_DIR=/app/.numba python scripts/warm.py \
    && python -m compileall -q app.py pages ser_core scripts \
    && chmod -R a+rX /app
USER ser
VOLUME /data

FROM base AS service
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
CMD ["sh", "-c", "cp -rT .numba /tmp/numba; exec python scripts/serve.py --host 0.0.0.0 --port 8000"]

FROM base AS app
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["sh", "-c", "cp -rT .numba /tmp/numba; exec python -m streamlit run app.py --server.headless true --server.address 0.0.0.0 --server.port 8501"]
