console.log('The chat example is not written yet.');
